import { ChildRunningError, ExitError, StageEndedError, StartError } from '../base/errors.ts'
import { isError } from '../base/is-error.ts'
import { quote } from '../base/quote.ts'
import type { PendingCall, Request } from '../process/call.ts'
import { askToDrain, type Drain } from '../process/drain.ts'
import { ExitCause, RestartLimitReached } from '../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../process/exit/exit-reason.ts'
import { Message } from '../process/message.ts'
import type { Behaviour, Process, Progress } from '../process/process.ts'
import type { ProcessReference } from '../process/reference.ts'
import { nameOf } from '../process/start/name-of.ts'
import type { Inspection } from '../telemetry/inspection.ts'
import { Child } from './child.ts'
import { readChildSpec, type ValidChildSpec } from './child-spec.ts'
import { RestartIntensity } from './restart-intensity.ts'
import type { Strategy, ValidSupervisorOptions } from './supervisor-options.ts'

/** Which children start again with one that has failed, by strategy. */
const AFFECTED: Readonly<Record<Strategy, (children: readonly Child[], failed: Child) => readonly Child[]>> = {
  'one-for-one': (_children, failed) => [failed],
  'one-for-all': (children) => children,
  'rest-for-one': (children, failed) => children.slice(children.indexOf(failed)),
}

/** What callers of a supervisor get wrong, or ask too late: they get it as the rejection. */
type ChildRefusal = ChildRunningError | RangeError

/**
 * Starts children in order, restarts them when they fail, and stops them in reverse.
 *
 * One thing at a time: while it starts or stops children it is parked, and exits and calls wait in its mailbox.
 */
export class SupervisorProcess implements Behaviour {
  private readonly process: Process
  private readonly strategy: Strategy
  private readonly intensity: RestartIntensity
  private readonly limit: string
  /** In the order in which they are started. */
  private children: Child[]
  /** Set when it was told to finish: nobody is started again, and it ends with the last of its children. */
  private isFinishing = false
  /** Set when its tasks were told to finish: none of them is started again. */
  private isFinishingTasks = false
  /** How often a child was started again, since the start. */
  private restarts = 0

  constructor(process: Process, options: ValidSupervisorOptions) {
    this.process = process
    this.strategy = options.strategy
    this.intensity = new RestartIntensity(options.maxRestarts, options.maxSeconds)
    this.limit = `more than ${options.maxRestarts} restarts within ${options.maxSeconds} seconds`
    this.children = []
    process.trapsExits = true
    for (const spec of options.children) this.children.push(this.makeChild(spec))
  }

  private makeChild(spec: ValidChildSpec): Child {
    const name = spec.name === undefined ? undefined : nameOf(spec.name)
    const id = spec.id ?? name ?? this.freePlace()
    if (this.children.some((child) => child.id === id)) {
      throw new TypeError(`expected each child to have an id of its own, got ${quote(id)} twice`)
    }
    return new Child(id, spec)
  }

  private freePlace(): string {
    let place = this.children.length
    while (this.children.some((child) => child.id === String(place))) place++
    return String(place)
  }

  // ── Starting and stopping ─────────────────────────────────────────────────────────────────────────────────────

  init(): Progress {
    return this.process.park(this.startAll(), (failure) =>
      failure === undefined ? 'done' : this.process.stop({ shutdown: failure }),
    )
  }

  /** Starts all children; answers what went wrong, after having stopped those that had started. */
  private async startAll(): Promise<unknown> {
    // `startChild` may replace the list by one without the child; the list that is gone through stays whole.
    for (const child of this.children) {
      try {
        await this.startChild(child)
      } catch (error) {
        const label = `child ${quote(child.id)}`
        const failure = new StartError(label, error, `${label} could not be started`)
        await this.stopChildren(this.children, new ExitCause(failure, this.process.label))
        return failure
      }
    }
    return undefined
  }

  /** Starts a child; one that is temporary and did not come up is forgotten. */
  private async startChild(child: Child): Promise<void> {
    // A supervisor that was killed meanwhile starts nobody any more: nobody would stop them.
    if (this.process.status === 'ended') {
      const { label, reference } = this.process
      throw new StageEndedError('startChild', label, reference.exitReason)
    }
    await child.start(this.process)
    if (child.reference === undefined && child.spec.restart === 'temporary') this.forget(child)
  }

  /** @param because The failure for which they are stopped; undefined where the supervisor was told to stop. */
  private async stopChildren(children: readonly Child[], because: ExitCause | undefined): Promise<void> {
    for (const child of children.toReversed()) await child.shutDown(this.process, because)
  }

  private forget(child: Child): void {
    this.children = this.children.filter((each) => each !== child)
  }

  terminate(): Progress {
    const { stopCause } = this.process
    const because = stopCause === undefined || stopCause.isClean ? undefined : stopCause
    return this.process.waitFor(this.stopChildren(this.children, because))
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return {}
  }

  inspect(): Inspection {
    const { strategy, restarts, children } = this
    return { isBlocked: false, supervising: { strategy, restarts, children: children.map((child) => child.inspect()) } }
  }

  // ── Exits of children ─────────────────────────────────────────────────────────────────────────────────────────

  receive(message: Message): Progress {
    switch (message.kind) {
      case 'exit': {
        const { from, cause } = message.body as {
          readonly from: ProcessReference | undefined
          readonly cause: ExitCause
        }
        return this.onExit(from, cause)
      }
      case 'restart-again': {
        const { child, cause } = message.body as { readonly child: Child; readonly cause: ExitCause }
        return child.isRestarting && !this.isFinishing ? this.restart(child, cause) : 'done'
      }
      case 'finish-tasks':
        return this.finishTasks(message.body as Drain)
      case 'finish':
        return this.finish(message.body as Drain)
      case 'call':
        return this.handleCall(
          message.body as Request<{ readonly kind: string; readonly arguments: readonly unknown[] }>,
        )
      default:
        return this.process.receiveSystem(message)
    }
  }

  /** An end in order begins: the tasks under it are told before any stage is. */
  private finishTasks(drain: Drain): Progress {
    this.isFinishingTasks = true
    for (const { kind, reference } of this.children) {
      if (reference?.process === undefined) continue
      if (kind === 'task') askToDrain(reference.process, drain)
      else if (kind === 'supervisor') reference.deliver(new Message('finish-tasks', '', undefined, drain))
    }
    return 'done'
  }

  /** Told to drain: so are its children, and that ends it. */
  private finish(drain: Drain): Progress {
    this.isFinishing = true
    for (const { reference } of this.children) {
      if (reference?.process !== undefined) askToDrain(reference.process, drain)
    }
    return this.stopIfDone()
  }

  private stopIfDone(): Progress {
    const isDone = this.children.every(({ reference }) => reference === undefined)
    return this.isFinishing && isDone ? this.process.stop('shutdown') : 'done'
  }

  private onExit(reference: ProcessReference | undefined, cause: ExitCause): Progress {
    const child = this.children.find((each) => reference !== undefined && each.reference === reference)
    if (child === undefined) return 'done'
    child.reference = undefined
    if (this.isFinishing) return this.stopIfDone()
    if (this.isFinishingTasks && child.kind === 'task') return 'done'
    const { restart } = child.spec
    if (restart === 'permanent' || (restart === 'transient' && !isCleanExit(cause.reason))) {
      return this.restart(child, cause)
    }
    if (restart === 'temporary') this.forget(child)
    return 'done'
  }

  private restart(failed: Child, cause: ExitCause): Progress {
    const { process } = this
    const facts = { process: process.id, child: failed.id, reason: cause.reason }
    if (!this.intensity.add(process.runtime.clock.now())) {
      return process.stop(new RestartLimitReached(process.label, this.limit, cause))
    }
    process.runtime.log('info', `${process.label} restarts ${quote(failed.id)}`, facts)
    return process.park(this.restartAffected(failed, cause), () => 'done')
  }

  private async restartAffected(failed: Child, cause: ExitCause): Promise<void> {
    const affected = AFFECTED[this.strategy](this.children, failed)
    await this.stopChildren(affected, this.becauseOf(cause))
    for (const child of affected) {
      // A temporary child that was stopped for another's sake is not started again.
      if (child !== failed && child.spec.restart === 'temporary') this.forget(child)
      else if (!(await this.tryToStart(child, cause))) return
    }
  }

  /** Children that are stopped and started again have not finished what they did, also if it was a clean end. */
  private becauseOf(cause: ExitCause): ExitCause {
    if (!cause.isClean) return cause
    const { label } = this.process
    return new ExitCause(new ExitError(`${label} restarts its children`, cause.origin, cause.reason), label)
  }

  /** Starts a child anew. If that fails, it is tried again, which counts as another restart. */
  private async tryToStart(child: Child, cause: ExitCause): Promise<boolean> {
    try {
      await this.startChild(child)
      this.tellRestarted(child, cause)
      return true
    } catch (error) {
      const { process } = this
      const reason = error as ExitReason
      process.runtime.log('error', `${process.label} could not restart ${quote(child.id)}`, {
        process: process.id,
        reason,
      })
      child.isRestarting = true
      const again = isError(error) ? new ExitCause(error, `${process.label}, starting ${quote(child.id)}`) : cause
      process.deliver(new Message('restart-again', '', undefined, { child, cause: again }))
      return false
    }
  }

  private tellRestarted({ id, reference }: Child, { reason }: ExitCause): void {
    this.restarts++
    const { runtime, identity: supervisor } = this.process
    if (reference === undefined || !runtime.telemetry.hasListener('process.restarted')) return
    const { identity: stage } = reference
    runtime.telemetry.execute(
      'process.restarted',
      { restarts: this.restarts },
      { supervisor, child: id, stage, reason },
    )
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private handleCall({
    call,
    argument,
  }: Request<{ readonly kind: string; readonly arguments: readonly unknown[] }>): Progress {
    const [first] = argument.arguments
    switch (argument.kind) {
      case 'startChild':
        return this.addChild(call, first)
      case 'terminateChild':
        return this.terminateChild(call, first)
      case 'restartChild':
        return this.restartChild(call, first)
      case 'deleteChild':
        return this.deleteChild(call, first)
      case 'whichChildren':
        call.reply(this.children.map(({ id, reference }) => ({ id, ref: reference })))
        return 'done'
      case 'countChildren':
        call.reply(this.count())
        return 'done'
      default:
        call.fail(new TypeError(`expected a request that a supervisor knows, got: ${quote(argument.kind)}`))
        return 'done'
    }
  }

  private addChild(call: PendingCall, given: unknown): Progress {
    let child: Child
    try {
      child = this.makeChild(readChildSpec(given, 'a child specification'))
    } catch (mistake) {
      call.fail(mistake)
      return 'done'
    }
    this.children.push(child)
    return this.run(call, async () => {
      try {
        await this.startChild(child)
      } catch (error) {
        this.forget(child)
        throw error
      }
      return child.reference ?? 'ignore'
    })
  }

  private terminateChild(call: PendingCall, id: unknown): Progress {
    const child = this.children.find((each) => each.id === id)
    if (child === undefined) return this.answer(call, false)
    return this.run(call, async () => {
      await child.shutDown(this.process)
      if (child.spec.restart === 'temporary') this.forget(child)
      return true
    })
  }

  private restartChild(call: PendingCall, id: unknown): Progress {
    const child = this.children.find((each) => each.id === id)
    if (child === undefined) return this.refuse(call, new RangeError(`expected the id of a child, got: ${quote(id)}`))
    if (child.reference !== undefined || child.isRestarting) {
      return this.refuse(call, new ChildRunningError('restartChild', child.id))
    }
    return this.run(call, async () => {
      await this.startChild(child)
      return child.reference ?? 'ignore'
    })
  }

  private deleteChild(call: PendingCall, id: unknown): Progress {
    const child = this.children.find((each) => each.id === id)
    if (child === undefined) return this.answer(call, false)
    if (child.reference !== undefined || child.isRestarting) {
      return this.refuse(call, new ChildRunningError('deleteChild', child.id))
    }
    this.forget(child)
    return this.answer(call, true)
  }

  private count(): object {
    const supervisors = this.children.filter((child) => child.isSupervisor).length
    return {
      specs: this.children.length,
      active: this.children.filter((child) => child.reference !== undefined).length,
      supervisors,
      workers: this.children.length - supervisors,
    }
  }

  /** Does what takes a while, and answers the call with its outcome. */
  private run(call: PendingCall, work: () => Promise<unknown>): Progress {
    const done = work().then(
      (value) => call.reply(value),
      (error: unknown) => call.fail(error),
    )
    return this.process.park(done, () => 'done')
  }

  private answer(call: PendingCall, value: unknown): Progress {
    call.reply(value)
    return 'done'
  }

  private refuse(call: PendingCall, refusal: ChildRefusal): Progress {
    call.fail(refusal)
    return 'done'
  }
}
