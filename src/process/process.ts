import { isThenable } from '../base/is-thenable.ts'
import { type Behaviour, type Continuation, endedBehaviour, type Progress } from './behaviour.ts'
import { end } from './end.ts'
import { ExitCause, thrownReason } from './exit/exit-cause.ts'
import type { ExitReason } from './exit/exit-reason.ts'
import { NotedCause } from './exit/noted-cause.ts'
import type { RunInContext } from './host/host.ts'
import { emitStarted } from './lifecycle-telemetry.ts'
import { Mailbox } from './mailbox/mailbox.ts'
import type { Message } from './message.ts'
import { Parking } from './parking.ts'
import { type LaunchOptions, ProcessRecord } from './process-record.ts'
import type { ProcessRuntime } from './runtime.ts'
import { BusyTime } from './schedule/busy-time.ts'
import type { Runnable } from './schedule/scheduler.ts'

/** How many messages a process handles before other processes have their turn. */
const MESSAGES_PER_TURN = 16

/**
 * A process of this thread: a mailbox, and a behaviour that handles one message at a time.
 *
 * Every change of state happens in a turn of the process itself, so the code of one process never runs inside a call
 * made by another.
 */
export class Process extends ProcessRecord implements Runnable {
  /** Set right after construction, because the behaviour needs the process. */
  behaviour!: Behaviour
  /** Runs turns in the async context of the starter; undefined for the context of the runtime. */
  private readonly context: RunInContext | undefined
  readonly mailbox: Mailbox
  private readonly parking: Parking = new Parking(this)
  private readonly busy: BusyTime

  nextInQueue: Runnable | undefined = undefined
  /** Whether it is in the run queue. */
  isWaitingForTurn = false
  /** Whether something precedes its next message: its setup, the outcome of a promise, its end. */
  private hasPriorityWork = true
  /** Whether `'drain'` was delivered while the process was busy or scheduled; cleared when `onDrain` runs. */
  private isFinishRequested = false
  /** Whether a turn is running. */
  private isRunning = false
  /** An exit signal that could not be trapped; it takes precedence over everything else. */
  private killCause: ExitCause | undefined
  /** Set before `stopped` is returned. */
  stopCause: ExitCause | undefined
  private readonly noted = new NotedCause()
  /** What `beforeExit` has registered; dropped if the process is killed or fails. */
  private beforeExitActions: (() => void)[] = []

  constructor(runtime: ProcessRuntime, kind: string, options: LaunchOptions) {
    super(runtime, kind, options)
    this.context = options.context
    this.mailbox = new Mailbox((length) => {
      runtime.log('warn', `${this.label} has ${length} messages in its mailbox`, { process: this.id })
    })
    this.busy = new BusyTime(runtime.telemetry)
  }

  get parkedSince(): number | undefined {
    return this.parking.isParked ? this.parking.since : undefined
  }

  get isBusy(): boolean {
    return this.isRunning || this.parking.isParked
  }

  get isKilled(): boolean {
    return this.killCause !== undefined
  }

  busyTime(now: number): number {
    return this.busy.at(now, this.parkedSince)
  }

  keepBusyTime(now: number): void {
    this.busy.keep(now, this.parkedSince)
    this.behaviour.keepDemandTime?.(now)
  }

  release(): void {
    this.behaviour = endedBehaviour
    this.mailbox.clear()
  }

  // ── Turns ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Only enqueues the message. */
  deliver(message: Message): void {
    if (this.status === 'ended') return
    this.mailbox.push(undefined, message)
    if (!this.isWaitingForTurn && !this.isBusy) this.schedule()
    else if (message.kind === 'drain') this.requestDrain()
  }

  /** Only enqueues. */
  deliverDirect(target: object, body: unknown): void {
    if (this.status === 'ended') return
    this.mailbox.push(target, body)
    if (!this.isWaitingForTurn && !this.isBusy) this.schedule()
  }

  /** A message may wait long for its turn; a behaviour with `onDrain` is notified at once. */
  private requestDrain(): void {
    if (this.behaviour.onDrain === undefined) return
    this.isFinishRequested = true
    this.scheduleFirst()
  }

  /** Puts it into the run queue. Its first turn sets it up. */
  schedule(): void {
    if (this.isWaitingForTurn) return
    this.isWaitingForTurn = true
    this.runtime.scheduler.add(this)
  }

  /** Schedules a turn that begins with something other than a message. */
  private scheduleFirst(): void {
    this.hasPriorityWork = true
    this.schedule()
  }

  turn(): number {
    this.isWaitingForTurn = false
    if (this.runtime.telemetry.isTimed) return this.timedTurn()
    return this.context === undefined ? this.runTurn() : this.context(() => this.runTurn())
  }

  private timedTurn(): number {
    const { context, runtime } = this
    const begun = runtime.clock.now()
    const work = context === undefined ? this.runTurn() : context(() => this.runTurn())
    this.parking.since = runtime.clock.now()
    this.busy.addTurn(begun, this.parking.since)
    return work
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
    // The signal may have come in the middle of this turn, from a callback of the process itself.
    if (this.killCause !== undefined) {
      if (this.status !== 'ended') end(this, this.killCause)
    } else if (this.mailbox.length > 0 && !this.parking.isParked) this.schedule()
    return handled + 1
  }

  /** Does what precedes the next message. Returns whether the process is free for that message. */
  private prepareTurn(): boolean {
    this.hasPriorityWork = false
    // A callback may end its own process and leave a promise, which schedules a turn when it settles later.
    if (this.killCause !== undefined || this.status === 'ended') return false
    if (this.isFinishRequested) {
      this.isFinishRequested = false
      this.behaviour.onDrain?.()
      if (this.parking.isParked) return false
    }
    if (this.parking.isSettled && !this.completeStep(this.parking.resume())) return false
    return this.status !== 'starting' || this.completeStep(this.behaviour.init())
  }

  /** Handles messages, up to the limit of a turn. Returns how many. */
  private handleMessages(): number {
    const { mailbox, behaviour, runtime } = this
    let handled = 0
    while (handled < MESSAGES_PER_TURN && mailbox.length > 0) {
      const target = mailbox.nextTarget
      const body = mailbox.shift()
      handled++
      this.messagesBegun++
      const progress =
        target === undefined
          ? behaviour.receive(body as Message)
          : // Without `receiveDirect`, it has given no target to any other process.
            (behaviour.receiveDirect?.(target, body) ?? 'done')
      if (progress !== 'done') {
        this.completeStep(progress)
        break
      }
      if (this.killCause !== undefined || runtime.scheduler.isBudgetUsed) break
    }
    return handled
  }

  /** Changes the status as the progress requires. Returns whether the process is free for its next message. */
  private completeStep(progress: Progress): boolean {
    // A signal that came in the meantime takes precedence over what the callback asked for.
    if (progress === 'parked' || this.killCause !== undefined) return false
    if (progress === 'stopped') {
      this.terminate()
      return false
    }
    if (this.status === 'starting') {
      this.status = 'alive'
      emitStarted(this)
      this.startup?.resolve()
      this.startup = undefined
    } else if (this.status === 'terminating') {
      this.finishTerminating()
      return false
    }
    return true
  }

  // ── Ending ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins to end the process for this reason. Return the result to the caller. */
  stop(reason: ExitReason | ExitCause, cause?: ExitCause): Progress {
    if (reason instanceof ExitCause) this.stopCause = reason
    else this.stopCause = cause ?? this.causeFor(reason)
    return 'stopped'
  }

  /** Notes that the message being handled reports the end of another process: see {@link causeFor}. */
  noteCause(cause: ExitCause | undefined): void {
    this.noted.note(cause, this.messagesBegun)
  }

  /**
   * The cause of an exit with this reason. It is a failure of this process, unless the message being handled has
   * brought that very reason along a link, a monitor or a subscription: then the cause is passed on.
   *
   * The same object alone is not enough: a promise that two stages wait for may reject both of them.
   */
  causeFor(reason: ExitReason, callback?: string): ExitCause {
    return this.noted.passedOn(reason, this.messagesBegun) ?? new ExitCause(reason, this.label, callback)
  }

  /** Registers something to do after `terminate`, before other processes are notified of the end: a reply. */
  beforeExit(run: () => void): void {
    this.beforeExitActions.push(run)
  }

  /** Handles the kinds of message that every process knows, and ignores all others. */
  receiveSystem(message: Message): Progress {
    if (message.kind !== 'stop' && message.kind !== 'parent-exit') return 'done'
    const { cause } = message.body as { readonly cause: ExitCause }
    return this.stop(cause.reason, cause)
  }

  private terminate(): void {
    const cause = this.stopCause as ExitCause
    this.parking.dropContinuations()
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
    end(this, this.stopCause as ExitCause)
  }

  /** Ends the process because one of its callbacks threw. Runs `terminate` first, unless that has already begun. */
  private crash(thrown: unknown): void {
    try {
      this.beforeExitActions = []
      // A callback may have returned a promise whose `then` has thrown: nothing waits for that promise any more.
      this.parking.clear()
      if (this.status === 'terminating') {
        end(this, (this.stopCause as ExitCause).replacedBy(thrown, this.label, this.callback))
      } else {
        this.stopCause = this.behaviour.endsBy?.(thrown)
          ? new ExitCause('shutdown', this.label)
          : this.causeFor(thrownReason(thrown), this.callback)
        this.terminate()
      }
    } catch (again) {
      if (this.status === 'terminating') this.crash(again)
      else this.runtime.reportUncaught(again)
    }
  }

  kill(cause: ExitCause): void {
    if (this.status === 'ended' || this.killCause !== undefined) return
    this.killCause = cause
    this.hasPriorityWork = true
    this.parking.clear()
    if (!this.isRunning) this.schedule()
  }

  fail(error: unknown): void {
    if (this.status === 'ended') return
    this.parking.fail(error)
    this.scheduleFirst()
  }

  // ── Waiting ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits for a promise. `next` receives its value, in a turn of this process. A rejection is a crash. */
  park(promise: PromiseLike<unknown>, next: Continuation): 'parked' {
    this.parking.wait(promise, next, this.runtime.scheduler.cachedNow())
    return 'parked'
  }

  /** Called by its {@link Parking}. */
  onSettled(): void {
    const { telemetry, clock } = this.runtime
    if (telemetry.isTimed) this.busy.addWait(this.parking.since, clock.now())
    this.scheduleFirst()
  }

  /** Lets other processes run first. `next` runs in this process's next turn. */
  yield(next: Continuation): 'parked' {
    this.parking.yield(next)
    this.scheduleFirst()
    return 'parked'
  }

  /** Counts events that a callback has just handled. Returns whether other processes should run now. */
  useBudget(events: number): boolean {
    return this.runtime.scheduler.useBudget(events)
  }

  /** Waits for a value if it is a promise, and ignores what it resolves with. */
  waitFor(value: unknown): Progress {
    return isThenable(value) ? this.park(value, () => 'done') : 'done'
  }

  /**
   * Does `next` after a piece of work: now if that is done, later if it is parked, never if the process stops.
   *
   * On a hot path, check for `'done'` first: then no closure is allocated for work that is never parked.
   */
  afterwards(progress: Progress, next: Continuation): Progress {
    if (progress === 'done') return next(undefined)
    if (progress === 'parked') this.parking.add(next)
    return progress
  }
}
