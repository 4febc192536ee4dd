import { isThenable } from '../base/is-thenable.ts'
import { Ring } from '../base/ring.ts'
import type { ShortLivedSet } from '../base/short-lived.ts'
import type { Inspection } from '../telemetry/inspection.ts'
import type { StageIdentity } from '../telemetry/telemetry-events.ts'
import type { PendingCall } from './call.ts'
import type { Drain } from './drain.ts'
import { end } from './end.ts'
import { ExitCause, replaceReason, thrownReason } from './exit/exit-cause.ts'
import type { ExitReason } from './exit/exit-reason.ts'
import type { Linkable } from './exit/link.ts'
import type { HostAbort, RunInContext } from './host/host.ts'
import { Message } from './message.ts'
import type { ProcessMonitor } from './monitor.ts'
import type { ProcessReference } from './reference.ts'
import type { ProcessRuntime } from './runtime.ts'
import type { Runnable } from './schedule/scheduler.ts'
import type { Deadline } from './schedule/timers.ts'

/**
 * How far a piece of work came: `done`; `parked`, and the process goes on by itself later; or `stopped`, and the
 * process is about to end. Whoever gets anything but `done` unwinds, and first leaves word by `Process.afterwards` what
 * remains to be done.
 */
export type Progress = 'done' | 'parked' | 'stopped'

/** What a process does; a stage, a supervisor and a task are behaviours. */
export interface Behaviour {
  /** Sets up; runs in the first turn. */
  init(): Progress
  /** Handles one message. What it does not know it hands to `Process.receiveSystem`. */
  receive(message: Message): Progress
  /** The last thing that runs, unless the process is killed. */
  terminate(reason: ExitReason): Progress
  /** What it still holds at its end, in numbers, for the report. */
  remainingEvents(): Readonly<Record<string, number>>
  /** The producers that the events came from which it still holds, where it takes events and emits none. */
  origins?(): readonly string[]
  /** What it tells of itself, for a snapshot. */
  inspect(): Inspection
  /** What is shown of its state, as it is; may run the user's code, and throw. */
  show?(): unknown
  /** Runs in a turn of its own as soon as `'finish'` has come, also while a promise is pending. */
  onFinish?(): void
  /** Whether what was thrown is no failure, but how it ends when it is told to finish. */
  endsBy?(thrown: unknown): boolean
  /** The time is about to be measured no longer: keeps what was of demand that is open. */
  keepDemandTime?(now: number): void
}

/** A piece of work left for later; the first one of a parked process gets what the promise gave. */
type Continuation = (value: unknown) => Progress

/**
 * Wakes a process when the promise settles that it waits for.
 *
 * It serves one promise after the other; one that the process has given up waiting for keeps its waker for itself.
 */
class Waker {
  readonly resolved: (value: unknown) => void
  readonly rejected: (error: unknown) => void

  constructor(process: Process) {
    this.resolved = (value) => process.wake(this, 'resolved', value)
    this.rejected = (error) => process.wake(this, 'rejected', error)
  }
}

/** How many messages a process handles before the others have their turn. */
const MESSAGES_PER_TURN = 16
/** The length at which a mailbox is reported, once. */
const LONG_MAILBOX = 10_000

/**
 * A process: a mailbox, and a behaviour that handles one message at a time.
 *
 * ```text
 *   starting ──> alive ──> terminating ──> ended
 *       └──────────┴────────────┴── killed ──^
 * ```
 *
 * Every change of state happens in a turn of the process itself, so nobody's code runs inside the call of another.
 */
export class Process implements Runnable, Linkable {
  readonly id: string
  readonly kind: string
  readonly runtime: ProcessRuntime
  readonly name: string | undefined
  /** The starter it is linked to; its exit ends this process even where exits are trapped. */
  readonly parent: Linkable | undefined
  /** Set right after construction: the behaviour and the reference need the process. */
  behaviour!: Behaviour
  reference!: ProcessReference
  status: 'starting' | 'alive' | 'terminating' | 'ended' = 'starting'
  trapsExits = false
  /** The callback that runs or is pending, for reports; the last one that ran where none is. */
  callback: string | undefined
  /** Runs turns in the starter's async context; undefined where the runtime's own is right. */
  readonly context: RunInContext | undefined
  readonly mailbox: Ring<Message> = new Ring<Message>()
  /** Settles the promise of the start; undefined once it is settled. */
  startup: { resolve(): void; reject(cause: ExitCause): void } | undefined

  // Relations; made when first needed, because most processes have few.
  links: ShortLivedSet<Linkable> | undefined
  /** Monitors that watch this process. */
  watchers: Set<ProcessMonitor> | undefined
  /** Monitors by which this process watches others. */
  watching: Set<ProcessMonitor> | undefined
  deadlines: Set<Deadline> | undefined
  /** Calls to this process that nobody has replied to. */
  incomingCalls: Set<PendingCall> | undefined
  /** Calls by this process that nobody has replied to. */
  outgoingCalls: Set<PendingCall> | undefined
  /** How many messages it has begun to handle: tells the callback that runs or is pending from those before. */
  messagesBegun = 0
  /** Resolve the promises of `stop`. */
  stopWaiters: ((cause: ExitCause) => void)[] | undefined
  /** Set when it was asked to drain. */
  drain: Drain | undefined
  /** Behind `signal`; made when that is first read. */
  abort: HostAbort | undefined

  /** Whether it is in the run queue. */
  private isScheduled = false
  /** Whether something comes before its next message: its set-up, what a promise gave, its end. */
  private hasPriorityWork = true
  /** Whether `'finish'` came while something else was to be done first; cleared once `onFinish` has run. */
  private isToldToFinish = false
  /** Whether a turn is under way. */
  private isRunning = false
  /** What the promise waited for will tell when it settles; undefined unless it is parked. */
  private waker: Waker | undefined
  /** One that is not in use, for the next promise. */
  private spareWaker: Waker | undefined
  /** When it was parked, by the rough clock. */
  private parkedAt = 0
  /** Time spent handling, in milliseconds, as far as it was measured. */
  private busy = 0
  /** How the promise waited for settled; set when it does, cleared when the process resumes. */
  private settled: 'resolved' | 'rejected' | undefined
  /** What it gave, or the error. */
  private outcome: unknown
  /** What remains to be done once the promise has settled, innermost first. */
  private continuations: Continuation[] = []
  /** An exit signal that could not be trapped; it wins over everything. */
  private killCause: ExitCause | undefined
  /** Why the process is stopping of its own; set before `stopped` is answered. */
  private stopping: ExitCause | undefined
  /** The end of another process that the message `heardIn`, counted as `messagesBegun`, brought news of. */
  private notedCause: ExitCause | undefined
  private notedDuring = 0
  /** What `beforeEnd` left; dropped if the process is killed or fails instead. */
  private beforeExitActions: (() => void)[] = []
  private mailboxWasReported = false

  constructor(
    runtime: ProcessRuntime,
    kind: string,
    name: string | undefined,
    parent?: Linkable,
    context?: RunInContext,
  ) {
    this.runtime = runtime
    this.kind = kind
    this.id = runtime.nextId()
    this.name = name
    this.parent = parent
    this.context = context
  }

  /** Its kind and its name, or its kind and its id. */
  get label(): string {
    return this.name === undefined ? `${this.kind} ${this.id}` : `${this.kind} ${this.name}`
  }

  /** What telemetry calls it. */
  get identity(): StageIdentity {
    return { id: this.id, kind: this.kind, name: this.name }
  }

  /** Since when a promise is pending; undefined where none is. */
  get parkedSince(): number | undefined {
    return this.isParked ? this.parkedAt : undefined
  }

  /** Time spent handling, promises waited for included, in milliseconds; counts while it is measured. */
  busyTime(now: number): number {
    return this.isParked ? this.busy + this.measuredSince(this.parkedAt, now) : this.busy
  }

  /** The time is about to be measured no longer: keeps what was of a promise that is pending, and of open demand. */
  keepBusyTime(now: number): void {
    this.busy = this.busyTime(now)
    this.behaviour.keepDemandTime?.(now)
  }

  get isParked(): boolean {
    return this.waker !== undefined
  }

  /** Whether it has something to do, and waits for its turn. */
  get isWaitingForTurn(): boolean {
    return this.isScheduled
  }

  /** Whether a callback is running or pending: then nothing else of this process can run. */
  get isBusy(): boolean {
    return this.isRunning || this.isParked
  }

  /** Whether a signal has come, in the middle of this turn, that ends it: then nothing more is begun. */
  get isKilled(): boolean {
    return this.killCause !== undefined
  }

  /** Puts a message into the mailbox. Only enqueues. */
  deliver(message: Message): void {
    if (this.status === 'ended') return
    this.mailbox.push(message)
    if (!this.isScheduled && !this.isBusy) this.schedule()
    else if (message.kind === 'finish') this.announceFinish()
    if (this.mailbox.length >= LONG_MAILBOX) this.reportMailbox()
  }

  /** The message waits its turn, which may be long in coming; a behaviour that can act on it at once does so. */
  private announceFinish(): void {
    if (this.behaviour.onFinish === undefined) return
    this.isToldToFinish = true
    this.hasPriorityWork = true
    this.schedule()
  }

  private reportMailbox(): void {
    if (this.mailboxWasReported) return
    this.mailboxWasReported = true
    this.runtime.log('warn', `${this.label} has ${LONG_MAILBOX} messages in its mailbox`, { process: this.id })
  }

  /** Has it run a turn; its first one sets it up. */
  schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    this.runtime.scheduler.add(this)
  }

  turn(): number {
    this.isScheduled = false
    if (this.runtime.telemetry.isTimed) return this.timedTurn()
    if (this.context === undefined) return this.runTurn()
    return this.context(() => this.runTurn())
  }

  private timedTurn(): number {
    const { context, runtime } = this
    const begun = runtime.clock.now()
    const work = context === undefined ? this.runTurn() : context(() => this.runTurn())
    const now = runtime.clock.now()
    this.busy += now - begun
    this.parkedAt = now
    return work
  }

  private measuredSince(begun: number, now: number): number {
    const { isTimed, timedSince } = this.runtime.telemetry
    return isTimed ? now - Math.max(begun, timedSince) : 0
  }

  private runTurn(): number {
    let handled = 0
    this.isRunning = true
    try {
      if (!this.hasPriorityWork || this.prepareTurn()) handled = this.handleMessages()
    } catch (thrown) {
      this.crash(thrown)
    } finally {
      this.isRunning = false
    }
    // The signal may have come in the middle of this turn, from the process's own callback.
    if (this.killCause !== undefined) this.endKilled(this.killCause)
    else if (this.mailbox.length > 0 && !this.isParked) this.schedule()
    return handled + 1
  }

  /** Does what comes before the next message, and answers whether the process is free for that. */
  private prepareTurn(): boolean {
    this.hasPriorityWork = false
    // What a callback waited for that ended its own process may settle afterwards, and ask for a turn.
    if (this.killCause !== undefined || this.status === 'ended') return false
    if (this.isToldToFinish) {
      this.isToldToFinish = false
      this.behaviour.onFinish?.()
      if (this.isParked) return false
    }
    if (this.settled !== undefined && !this.resume()) return false
    return this.status !== 'starting' || this.completeStep(this.behaviour.init())
  }

  private endKilled(cause: ExitCause): void {
    if (this.status !== 'ended') end(this, cause)
  }

  /** Handles messages, up to the bound, and answers how many. */
  private handleMessages(): number {
    const { mailbox, behaviour } = this
    const { scheduler } = this.runtime
    let handled = 0
    while (handled < MESSAGES_PER_TURN) {
      const message = mailbox.shift()
      if (message === undefined) break
      handled++
      this.messagesBegun++
      const progress = behaviour.receive(message)
      if (progress !== 'done') {
        this.completeStep(progress)
        break
      }
      if (this.killCause !== undefined || scheduler.isBudgetUsed) break
    }
    return handled
  }

  /** Draws the consequence of some progress, and answers whether the process is free for its next message. */
  private completeStep(progress: Progress): boolean {
    // A signal that came meanwhile wins: what the callback wanted is no longer asked.
    if (progress === 'parked' || this.killCause !== undefined) return false
    if (progress === 'stopped') {
      this.terminate()
      return false
    }
    if (this.status === 'starting') {
      this.status = 'alive'
      this.announceStart()
      this.startup?.resolve()
      this.startup = undefined
    } else if (this.status === 'terminating') {
      this.finishTerminating()
      return false
    }
    return true
  }

  private announceStart(): void {
    const { telemetry, processes } = this.runtime
    if (!telemetry.hasListener('stage.started')) return
    const parent = this.parent instanceof Process ? this.parent.identity : undefined
    telemetry.execute('stage.started', { alive: processes.size }, { stage: this.identity, parent })
  }

  // ── Stopping ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Says that the process ends for this reason; answer the result to whoever called. */
  stop(reason: ExitReason | ExitCause, cause?: ExitCause): Progress {
    if (reason instanceof ExitCause) this.stopping = reason
    else this.stopping = cause ?? this.causeFor(reason)
    return 'stopped'
  }

  /** Why it is stopping; undefined unless its `terminate` runs or is about to. */
  get stopCause(): ExitCause | undefined {
    return this.stopping
  }

  /** The message under way brings news of an end: see `endingFor`. */
  noteCause(cause: ExitCause | undefined): void {
    this.notedCause = cause
    this.notedDuring = this.messagesBegun
  }

  /**
   * The story behind a reason: a failure of this process, unless the message under way has brought that very reason
   * along a link, a monitor or a subscription. Then it is only passed on.
   *
   * What is only the same object is another failure: a promise that two stages wait for may reject both of them.
   */
  causeFor(reason: ExitReason, callback?: string): ExitCause {
    const { notedCause } = this
    // That a process was not there is no failure of that one.
    if (
      notedCause === undefined ||
      this.notedDuring !== this.messagesBegun ||
      reason === 'noproc' ||
      notedCause.reason !== reason
    ) {
      return new ExitCause(reason, this.label, callback)
    }
    return notedCause
  }

  /** Leaves something to be done after `terminate` and before anyone hears of the end: a reply. */
  beforeExit(run: () => void): void {
    this.beforeExitActions.push(run)
  }

  /** Handles the kinds of message that every process knows; others it ignores. */
  receiveSystem(message: Message): Progress {
    if (message.kind !== 'stop' && message.kind !== 'parent-exit') return 'done'
    const { cause } = message.body as { readonly cause: ExitCause }
    return this.stop(cause.reason, cause)
  }

  private terminate(): void {
    const cause = this.stopping as ExitCause
    this.continuations = []
    if (this.status === 'starting') {
      end(this, cause)
      return
    }
    this.status = 'terminating'
    const progress = this.behaviour.terminate(cause.reason)
    if (progress !== 'parked') this.finishTerminating()
  }

  private finishTerminating(): void {
    for (const run of this.beforeExitActions) run()
    end(this, this.stopping as ExitCause)
  }

  /** Ends the process of what one of its callbacks threw, through `terminate` where that has not run yet. */
  private crash(thrown: unknown): void {
    try {
      this.continuations = []
      this.beforeExitActions = []
      // What a callback answered may be a promise whose own `then` has thrown: nobody waits for that any more.
      this.waker = undefined
      if (this.status === 'terminating') {
        const former = this.stopping as ExitCause
        const reason = replaceReason(former.reason, thrown)
        end(this, reason === former.reason ? former : new ExitCause(reason, this.label, this.callback))
      } else {
        this.stopping = this.behaviour.endsBy?.(thrown)
          ? new ExitCause('shutdown', this.label)
          : this.causeFor(thrownReason(thrown), this.callback)
        this.terminate()
      }
    } catch (again) {
      if (this.status === 'terminating') this.crash(again)
      else this.runtime.reportUncaught(again)
    }
  }

  /**
   * Takes an exit signal from `from`.
   *
   * Only marks the process: what follows from it happens in a turn of its own, so that an `exit` in the middle of
   * somebody's callback runs nobody's code.
   */
  signalExit(from: Linkable | undefined, cause: ExitCause, sender: unknown): void {
    if (this.status === 'ended' || this.killCause !== undefined) return
    if (this.trapsExits) {
      const kind = from !== undefined && from === this.parent ? 'parent-exit' : 'exit'
      this.deliver(new Message(kind, '', undefined, { from: sender, cause }))
    } else if (cause.reason !== 'normal') {
      this.kill(cause)
    }
  }

  get onFailure(): 'pass-on' | 'keep' {
    return this.trapsExits ? 'keep' : 'pass-on'
  }

  /** Ends the process at once, whatever it is doing. */
  kill(cause: ExitCause): void {
    if (this.status === 'ended' || this.killCause !== undefined) return
    this.killCause = cause
    this.hasPriorityWork = true
    this.continuations = []
    this.waker = undefined
    if (!this.isRunning) this.schedule()
  }

  /** Has it fail, in its next turn, as though the callback that is pending, or the last one that ran, threw this. */
  fail(error: unknown): void {
    if (this.status === 'ended') return
    this.waker = undefined
    this.resumeLater('rejected', error)
  }

  // ── Waiting ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits for a promise; `resume` gets its value, in a turn of this process. A rejection is a crash. */
  park(promise: PromiseLike<unknown>, resume: Continuation): 'parked' {
    const waker = this.spareWaker ?? new Waker(this)
    this.spareWaker = undefined
    this.waker = waker
    this.parkedAt = this.runtime.scheduler.cachedNow()
    this.continuations.push(resume)
    Promise.resolve(promise).then(waker.resolved, waker.rejected)
    return 'parked'
  }

  /** The promise of a waker has settled. */
  wake(waker: Waker, settled: 'resolved' | 'rejected', outcome: unknown): void {
    // A process that was killed meanwhile no longer waits: a late answer, or rejection, is dropped here.
    if (this.waker !== waker) return
    this.waker = undefined
    this.spareWaker = waker
    const { telemetry, clock } = this.runtime
    if (telemetry.isTimed) this.busy += this.measuredSince(this.parkedAt, clock.now())
    this.resumeLater(settled, outcome)
  }

  private resumeLater(settled: 'resolved' | 'rejected', outcome: unknown): void {
    this.settled = settled
    this.outcome = outcome
    this.hasPriorityWork = true
    this.schedule()
  }

  /** Lets the others go first; `resume` runs in the process's next turn. */
  yield(resume: Continuation): 'parked' {
    this.continuations.push(resume)
    this.resumeLater('resolved', undefined)
    return 'parked'
  }

  /** Says how many events a callback has just handled; answers whether others should now go first. */
  useBudget(events: number): boolean {
    return this.runtime.scheduler.useBudget(events)
  }

  /** Waits for a value if it is a promise; what it gives is of no interest. */
  waitFor(value: unknown): Progress {
    return isThenable(value) ? this.park(value, () => 'done') : 'done'
  }

  /** Runs `next` once some work is done: at once, or when it resumes where it is parked; not where it has stopped. */
  afterwards(progress: Progress, next: Continuation): Progress {
    if (progress === 'done') return next(undefined)
    if (progress === 'parked') this.continuations.push(next)
    return progress
  }

  /** Goes on with what was left, and answers whether the process is free for its next message. */
  private resume(): boolean {
    const { settled, outcome, continuations } = this
    this.settled = undefined
    this.outcome = undefined
    if (settled === 'rejected') throw outcome
    const only = continuations.length === 1 ? continuations.pop() : undefined
    if (only !== undefined) return this.completeStep(only(outcome))
    this.continuations = []
    for (let next = 0; next < continuations.length; next++) {
      const progress = (continuations[next] as Continuation)(outcome)
      if (progress === 'done' && this.killCause === undefined) continue
      // What the continuation itself left comes before what was left outside of it.
      if (progress === 'parked') for (const later of continuations.slice(next + 1)) this.continuations.push(later)
      return this.completeStep(progress)
    }
    return this.completeStep('done')
  }
}
