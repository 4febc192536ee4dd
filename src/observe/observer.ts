import { describeReason } from '../base/errors.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { findingsOf } from './doctor/diagnose.ts'
import { observerOptions, type Thresholds } from './doctor/diagnose-options.ts'
import type { Finding } from './doctor/finding.ts'
import type { Snapshot } from './snapshot/snapshot-types.ts'
import { snapshotOf, timeStages } from './snapshot/take-snapshot.ts'

/** The options of an observer. */
export interface ObserverOptions extends Thresholds {
  /** The runtime to observe. Default: the program's own. */
  readonly runtime?: Runtime
  /** The time from one snapshot to the next, in milliseconds: an integer of at least 10. Default: 500. */
  readonly interval?: number
  /** How long snapshots are kept, in milliseconds: an integer of at least 0. Default: 60,000. */
  readonly history?: number
  /** Whether snapshots contain the states of stages: the results of `inspect`, or public fields. Default: `false`. */
  readonly states?: boolean
}

/**
 * Takes snapshots of a runtime at intervals and keeps them.
 *
 * If a snapshot takes long, because there are very many stages or a listener is slow, the next one is taken later:
 * observing takes at most a tenth of a program's time.
 */
export interface Observer {
  /** The newest snapshot. The first one is taken when the observer is created. */
  readonly latest: Snapshot
  /** The snapshots that are kept, from the oldest to the newest: a new array after each snapshot. */
  readonly history: readonly Snapshot[]
  /** What is wrong, as of the newest snapshot, the most severe first. */
  readonly findings: readonly Finding[]
  /** Whether the observer is open: `true` until it is closed. */
  readonly isOpen: boolean
  /**
   * Calls `listener` after each new snapshot, from the next one on.
   *
   * @returns Removes the listener.
   */
  subscribe(listener: (snapshot: Snapshot, findings: readonly Finding[]) => void): () => void
  /** Stops observing. Snapshots stay readable. A second call does nothing. */
  close(): void
}

/** The next snapshot is taken after this many times the duration of the last one, at least. */
const REST = 10
/** The longest time until the next snapshot, in milliseconds: a program may have been suspended during the last one. */
const MOST_REST = 60_000

/** Called with each new snapshot. */
type ObserverListener = (snapshot: Snapshot, findings: readonly Finding[]) => void

/**
 * Creates an observer of a runtime, which takes a snapshot at each interval and diagnoses what is wrong.
 *
 * If a snapshot takes more than a tenth of the interval, the next one is taken later. While an observer is open, the
 * runtime measures how long its stages are busy. Its timer does not keep a program alive, on platforms with timers that
 * can be unreferenced. A listener that throws is removed and reported to the logger of the runtime.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 */
export function observer(options?: ObserverOptions): Observer {
  const valid = observerOptions.read(options, 'the options of observer')
  const runtime = valid.runtime === undefined ? defaultRuntime : expectRuntime(valid.runtime)
  return new RuntimeObserver(runtime, valid)
}

class RuntimeObserver implements Observer {
  history: readonly Snapshot[] = []
  isOpen = true
  private readonly runtime: ProcessRuntime
  private readonly options: ReturnType<typeof observerOptions.read>
  private readonly listeners = new Set<ObserverListener>()
  private readonly stopTiming: () => void
  /** Fires when the next snapshot is due; undefined once closed. */
  private timer: ReturnType<ProcessRuntime['clock']['setTimer']> | undefined
  /** The findings of the newest snapshot; undefined until they are read. */
  private known: readonly Finding[] | undefined

  constructor(runtime: ProcessRuntime, options: ReturnType<typeof observerOptions.read>) {
    this.runtime = runtime
    this.options = options
    this.stopTiming = timeStages(runtime)
    this.takeSnapshot()
  }

  get latest(): Snapshot {
    return this.history.at(-1) as Snapshot
  }

  get findings(): readonly Finding[] {
    this.known ??= findingsOf(this.history, this.options)
    return this.known
  }

  subscribe(listener: ObserverListener): () => void {
    // Each call is a separate subscription, even with the same function.
    const own: ObserverListener = (snapshot, findings) => listener(snapshot, findings)
    this.listeners.add(own)
    return () => this.listeners.delete(own)
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.timer?.clear()
    this.timer = undefined
    this.listeners.clear()
    this.stopTiming()
  }

  private readonly takeSnapshot = (): void => {
    const { runtime, options, history } = this
    const latest = snapshotOf(runtime, options.states)
    const since = latest.time - options.history
    this.history = [...history.filter(({ time }) => time >= since), latest]
    this.known = undefined
    for (const listener of this.listeners) this.notify(listener, latest)
    // A listener may have closed the observer.
    if (!this.isOpen) return
    const took = runtime.clock.now() - latest.time
    // A timer of the clock, not a deadline of the runtime: those keep a program alive.
    this.timer = runtime.clock.setTimer(this.takeSnapshot, Math.max(options.interval, Math.min(REST * took, MOST_REST)))
    this.timer.unref?.()
  }

  private notify(listener: ObserverListener, latest: Snapshot): void {
    try {
      listener(latest, this.findings)
    } catch (error) {
      this.listeners.delete(listener)
      this.runtime.log('error', `a listener of an observer threw, and was removed: ${describeReason(error)}`, {
        error,
      })
    }
  }
}
