import type { ChurningSet } from '../base/collections/churning.ts'
import type { StageIdentity } from '../telemetry/telemetry-events.ts'
import type { InspectableBehaviour } from './behaviour.ts'
import type { Drain } from './drain.ts'
import type { ExitCause } from './exit/exit-cause.ts'
import type { ExitReason } from './exit/exit-reason.ts'
import type { Linkable } from './exit/link.ts'
import type { HostAbort, RunInContext } from './host/host.ts'
import { Message } from './message.ts'
import type { ProcessReference } from './reference.ts'
import type { ProcessRuntime } from './runtime.ts'
import type { Deadline } from './schedule/timers.ts'

/** A monitor, as far as the two processes that it connects need to know it. */
export interface Watch {
  readonly watcher: ProcessRecord
  readonly target: ProcessReference
  /** The watched process has ended. */
  fire(cause: ExitCause): void
  /** Removes the monitor from both processes. */
  cancel(): void
}

/** A call without a reply, as far as its caller and its callee need to know it. */
export interface OpenCall {
  /** What is requested, in words. */
  readonly operation: string
  /** The process that is to reply; undefined once the call has settled. */
  readonly callee: ProcessRecord | undefined
  /** Whether the caller may be waiting for it in the callback that is running or pending. */
  readonly blocksCaller: boolean
  /** The callee has ended. */
  failCalleeExited(reason: ExitReason): void
  /** The caller has ended. */
  failCallerExited(caller: ProcessRecord): void
}

/** The options of a process that is launched. */
export interface LaunchOptions {
  readonly name?: string | undefined
  /** The process or scope that starts it and is linked to it. */
  readonly parent?: Linkable | undefined
  /** Runs its turns in the async context of the starter. Default: the context of the runtime. */
  readonly context?: RunInContext | undefined
}

/**
 * What is known of a process wherever it runs: its identity, its status, and its relations to other processes.
 *
 * ```text
 *   starting ──> alive ──> terminating ──> ended
 *       └──────────┴────────────┴── killed ──^
 * ```
 */
export abstract class ProcessRecord implements Linkable {
  readonly id: string
  readonly kind: string
  readonly runtime: ProcessRuntime
  readonly name: string | undefined
  /** The process or scope that started it with a link. Its exit ends this process even if exits are trapped. */
  readonly parent: Linkable | undefined
  /** Set right after construction, because the reference needs the process. */
  reference!: ProcessReference
  status: 'starting' | 'alive' | 'terminating' | 'ended' = 'starting'
  trapsExits = false
  /** For reports: the callback that is running or pending, or else the last one that ran. */
  callback: string | undefined
  /** How many messages it has begun to handle. Identifies the message that is being handled. */
  messagesBegun = 0
  /** Settles the promise of the start; undefined once that has settled. */
  startup: { resolve(): void; reject(cause: ExitCause): void } | undefined

  // Relations. They are created when first needed, because most processes have few.
  links: ChurningSet<Linkable> | undefined
  /** Monitors that watch this process. */
  watchers: Set<Watch> | undefined
  /** Monitors by which this process watches others. */
  watching: Set<Watch> | undefined
  deadlines: Set<Deadline> | undefined
  /** Calls to this process that have no reply yet. */
  incomingCalls: Set<OpenCall> | undefined
  /** Calls by this process that have no reply yet. */
  outgoingCalls: Set<OpenCall> | undefined
  /** Settle the promises of `stop`. */
  stopWaiters: ((cause: ExitCause) => void)[] | undefined
  /** The first request to drain it; undefined until one is made. */
  drain: Drain | undefined
  /** The source of its `signal`; created when the signal is first read. */
  abort: HostAbort | undefined

  constructor(runtime: ProcessRuntime, kind: string, { name, parent }: LaunchOptions) {
    this.runtime = runtime
    this.kind = kind
    this.id = runtime.nextId()
    this.name = name
    this.parent = parent
  }

  /** Its kind, and its name or else its id. */
  get label(): string {
    return this.name === undefined ? `${this.kind} ${this.id}` : `${this.kind} ${this.name}`
  }

  /** How telemetry identifies it. */
  get identity(): StageIdentity {
    return { id: this.id, kind: this.kind, name: this.name }
  }

  /** Whether a promise is pending. */
  get isParked(): boolean {
    return this.parkedSince !== undefined
  }

  get onFailure(): 'pass-on' | 'keep' {
    return this.trapsExits ? 'keep' : 'pass-on'
  }

  // ── Sending to it, and ending it ──────────────────────────────────────────────────────────────────────────────

  /** Puts a message into its mailbox. */
  abstract deliver(message: Message): void
  /** Puts an entry without a message into its mailbox, for a target that the process itself has given to the sender. */
  abstract deliverDirect(target: object, body: unknown): void
  /** Ends it at once, even in the middle of a pending callback. */
  abstract kill(cause: ExitCause): void
  /** Makes it fail in its next turn, as if the callback that is pending, or ran last, had thrown this error. */
  abstract fail(error: unknown): void
  /** Whether an exit signal ends it in its present or next turn: then no further work begins. */
  abstract readonly isKilled: boolean
  /** Why it is stopping; undefined unless its `terminate` is running or about to run. */
  abstract readonly stopCause: ExitCause | undefined
  /** Drops what it worked on, because timers and promises may still refer to it after its end. */
  abstract release(): void

  /**
   * Takes an exit signal from `from`.
   *
   * Only marks the process. The consequences follow in a turn of its own, so that an `exit` in the middle of a callback
   * of one process runs no code of another.
   */
  signalExit(from: Linkable | undefined, cause: ExitCause, sender: unknown): void {
    if (this.status === 'ended' || this.isKilled) return
    if (this.trapsExits) {
      const kind = from !== undefined && from === this.parent ? 'parent-exit' : 'exit'
      this.deliver(new Message(kind, '', undefined, { from: sender, cause }))
    } else if (cause.reason !== 'normal') {
      this.kill(cause)
    }
  }

  // ── Looking at it ─────────────────────────────────────────────────────────────────────────────────────────────

  abstract readonly behaviour: InspectableBehaviour
  /** When it began to wait for a promise, in milliseconds on the runtime's clock; undefined if no promise is pending. */
  abstract readonly parkedSince: number | undefined
  /** Whether a callback is running or pending. Nothing else of this process can run then. */
  abstract readonly isBusy: boolean
  /** Whether it has something to do, and waits for its turn. */
  abstract readonly isWaitingForTurn: boolean
  /** The messages that it has not begun to handle. */
  abstract readonly mailbox: { readonly length: number }
  /** The time it has spent handling messages, in milliseconds, including the promises it waited for. */
  abstract busyTime(now: number): number
  /** Runs before the measurement of time ends: keeps the times that are still being counted. */
  abstract keepBusyTime(now: number): void
}
