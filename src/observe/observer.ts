import { describeReason } from '../base/errors.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { findingsOf } from './doctor/diagnose.ts'
import { observerOptions, type Thresholds } from './doctor/diagnose-options.ts'
import type { Finding } from './doctor/finding.ts'
import type { Snapshot } from './snapshot/snapshot-types.ts'
import { snapshotOf, timeStages } from './snapshot/take-snapshot.ts'

/** What an observer looks at, and how often. */
export interface ObserverOptions extends Thresholds {
  /** Where the stages are that it looks at. Default: the program's own runtime. */
  readonly runtime?: Runtime
  /** Milliseconds from one snapshot to the next: an integer of at least 10. Default: 500. */
  readonly interval?: number
  /** How long a snapshot is kept, in milliseconds: an integer of at least 0. Default: 60,000. */
  readonly history?: number
  /** Whether snapshots show the states of stages: what their `inspect` answers, or their fields. Default: false. */
  readonly states?: boolean
}

/**
 * Looks at a runtime at intervals, and remembers what it saw. Where a look takes long, as there are very many stages, or
 * a listener does, the next one comes later: looking takes up no more than a tenth of a program's time.
 */
export interface Observer {
  /** The newest snapshot; the first is taken when the observer is made. */
  readonly latest: Snapshot
  /** The snapshots that it remembers, from the oldest to the newest. Another array after each. */
  readonly history: readonly Snapshot[]
  /** What is wrong, as of the newest snapshot: the worst first. */
  readonly findings: readonly Finding[]
  /** Whether it has not been closed. */
  readonly isOpen: boolean
  /**
   * Has `listener` called after each new snapshot, from the next one on.
   *
   * @returns Takes the listener away.
   */
  subscribe(listener: (snapshot: Snapshot, findings: readonly Finding[]) => void): () => void
  /** Ends it; what it saw stays readable. Closing again does nothing. */
  close(): void
}

/** At least so many times as long as a look takes passes until the next. */
const REST = 10
/** But no more milliseconds than this: a program that was stopped in the middle of a look goes on being looked at. */
const LONGEST_REST = 60_000

/** Hears of each new snapshot. */
type ObserverListener = (snapshot: Snapshot, findings: readonly Finding[]) => void

/**
 * Makes an observer of a runtime: it takes a snapshot at each interval, or later where a snapshot takes more than a tenth
 * of that, and says what is wrong.
 *
 * While it is open, the runtime counts how long its stages are busy. Its timer does not keep a program alive, on
 * platforms that can be told so. A listener that throws is taken away, and reported to the runtime's logger.
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
  /** What is wrong as of the newest snapshot; undefined until somebody asks. */
  private known: readonly Finding[] | undefined

  constructor(runtime: ProcessRuntime, options: ReturnType<typeof observerOptions.read>) {
    this.runtime = runtime
    this.options = options
    this.stopTiming = timeStages(runtime)
    this.look()
  }

  get latest(): Snapshot {
    return this.history.at(-1) as Snapshot
  }

  get findings(): readonly Finding[] {
    this.known ??= findingsOf(this.history, this.options)
    return this.known
  }

  subscribe(listener: ObserverListener): () => void {
    // Each call is a subscription of its own, also of the same function.
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

  private readonly look = (): void => {
    const { runtime, options, history } = this
    const latest = snapshotOf(runtime, options.states)
    const since = latest.time - options.history
    this.history = [...history.filter(({ time }) => time >= since), latest]
    this.known = undefined
    for (const listener of this.listeners) this.tell(listener, latest)
    // A listener may have closed it.
    if (!this.isOpen) return
    const took = runtime.clock.now() - latest.time
    // Set by hand, and not among the runtime's deadlines, which keep a program alive.
    this.timer = runtime.clock.setTimer(this.look, Math.max(options.interval, Math.min(REST * took, LONGEST_REST)))
    this.timer.unref?.()
  }

  private tell(listener: ObserverListener, latest: Snapshot): void {
    try {
      listener(latest, this.findings)
    } catch (error) {
      this.listeners.delete(listener)
      this.runtime.log('error', `a listener of an observer failed and was taken away: ${describeReason(error)}`, {
        error,
      })
    }
  }
}
