import { describeReason, ExitError, StartError } from '../base/errors.ts'
import { isError } from '../base/is-error.ts'
import { quote } from '../base/quote.ts'
import type { Behaviour, Progress } from '../process/behaviour.ts'
import { askToDrain, type Drain } from '../process/drain.ts'
import { ExitCause, RestartLimitReached } from '../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../process/exit/exit-reason.ts'
import { Message } from '../process/message.ts'
import type { Process } from '../process/process.ts'
import type { ProcessReference } from '../process/reference.ts'
import type { Inspection } from '../telemetry/inspection.ts'
import type { Child } from './child.ts'
import { Children } from './children.ts'
import { RestartIntensity } from './restart-intensity.ts'
import { SupervisorCalls, type SupervisorRequest } from './supervisor-calls.ts'
import type { Strategy, ValidSupervisorOptions } from './supervisor-options.ts'

/** Which children are restarted with one that has failed, by strategy. */
const AFFECTED: Readonly<Record<Strategy, (children: readonly Child[], failed: Child) => readonly Child[]>> = {
  'one-for-one': (_children, failed) => [failed],
  'one-for-all': (children) => children,
  'rest-for-one': (children, failed) => children.slice(children.indexOf(failed)),
}

/**
 * Starts children in order, restarts them when they fail, and stops them in reverse.
 *
 * It does one thing at a time: while it starts or stops children it is parked, and exits and calls wait in its mailbox.
 */
export class SupervisorProcess implements Behaviour {
  private readonly process: Process
  private readonly strategy: Strategy
  private readonly intensity: RestartIntensity
  private readonly limit: string
  private readonly children: Children
  private readonly calls: SupervisorCalls
  /** Set by `'drain'`: no child is restarted, and the supervisor ends with the last of its children. */
  private isDraining = false
  /** Set by `'finish-tasks'`: no task is restarted. */
  private isDrainingTasks = false
  /** How many restarts there were since the start. */
  private restarts = 0

  constructor(process: Process, options: ValidSupervisorOptions) {
    this.process = process
    this.strategy = options.strategy
    this.intensity = new RestartIntensity(options.maxRestarts, options.maxSeconds)
    this.limit = `more than ${options.maxRestarts} restarts within ${options.maxSeconds} seconds`
    process.trapsExits = true
    this.children = new Children(process, options.children)
    this.calls = new SupervisorCalls(process, this.children)
  }

  // ── Starting and stopping ─────────────────────────────────────────────────────────────────────────────────────

  init(): Progress {
    return this.process.park(this.startAll(), (failure) =>
      failure === undefined ? 'done' : this.process.stop({ shutdown: failure }),
    )
  }

  /** Starts all children. If one cannot be started, stops those that were, and returns the failure. */
  private async startAll(): Promise<unknown> {
    for (const child of this.children.all) {
      try {
        await this.children.start(child)
      } catch (error) {
        const label = `child ${quote(child.id)}`
        const failure = new StartError(label, error, `${label} could not be started`)
        await this.children.stop(this.children.all, new ExitCause(failure, this.process.label))
        return failure
      }
    }
    return undefined
  }

  terminate(): Progress {
    const { stopCause } = this.process
    const because = stopCause === undefined || stopCause.isClean ? undefined : stopCause
    return this.process.waitFor(this.children.stop(this.children.all, because))
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return {}
  }

  inspect(): Inspection {
    const { strategy, restarts, children } = this
    const inspections = children.all.map((child) => child.inspect())
    return { isBlocked: false, supervising: { strategy, restarts, children: inspections } }
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
        return child.isRestarting && !this.isDraining ? this.restart(child, cause) : 'done'
      }
      case 'finish-tasks':
        return this.finishTasks(message.body as Drain)
      case 'drain':
        return this.startDraining(message.body as Drain)
      case 'call':
        return this.calls.handle(message.body as SupervisorRequest)
      default:
        return this.process.receiveSystem(message)
    }
  }

  /** Drains the tasks under it. When a program ends, this comes before any stage is drained. */
  private finishTasks(drain: Drain): Progress {
    this.isDrainingTasks = true
    for (const { kind, reference } of this.children.all) {
      if (reference?.process === undefined) continue
      if (kind === 'task') askToDrain(reference.process, drain)
      else if (kind === 'supervisor') reference.deliver(new Message('finish-tasks', '', undefined, drain))
    }
    return 'done'
  }

  /** Drains its children. The supervisor ends once they have ended. */
  private startDraining(drain: Drain): Progress {
    this.isDraining = true
    for (const { reference } of this.children.all) {
      if (reference?.process !== undefined) askToDrain(reference.process, drain)
    }
    return this.stopIfDone()
  }

  private stopIfDone(): Progress {
    const isDone = this.children.all.every(({ reference }) => reference === undefined)
    return this.isDraining && isDone ? this.process.stop('shutdown') : 'done'
  }

  private onExit(reference: ProcessReference | undefined, cause: ExitCause): Progress {
    const child = this.children.all.find((each) => reference !== undefined && each.reference === reference)
    if (child === undefined) return 'done'
    child.reference = undefined
    if (this.isDraining) return this.stopIfDone()
    if (this.isDrainingTasks && child.kind === 'task') return 'done'
    const { restart } = child.spec
    if (restart === 'permanent' || (restart === 'transient' && !isCleanExit(cause.reason))) {
      return this.restart(child, cause)
    }
    if (restart === 'temporary') this.children.forget(child)
    return 'done'
  }

  private restart(failed: Child, cause: ExitCause): Progress {
    const { process } = this
    const facts = { process: process.id, child: failed.id, reason: cause.reason }
    if (!this.intensity.add(process.runtime.clock.now())) {
      return process.stop(new RestartLimitReached(process.label, this.limit, cause))
    }
    process.runtime.log('info', `${process.label} is restarting ${quote(failed.id)}`, facts)
    return process.waitFor(this.restartAffected(failed, cause))
  }

  private async restartAffected(failed: Child, cause: ExitCause): Promise<void> {
    const affected = AFFECTED[this.strategy](this.children.all, failed)
    await this.children.stop(affected, this.becauseOf(cause))
    for (const child of affected) {
      // A temporary child that was stopped because of another child is not started again.
      if (child !== failed && child.spec.restart === 'temporary') this.children.forget(child)
      else if (!(await this.tryToStart(child, cause))) return
    }
  }

  /** The cause for children that are stopped to be restarted. They have not finished, even if `cause` is a clean exit. */
  private becauseOf(cause: ExitCause): ExitCause {
    if (!cause.isClean) return cause
    const { label } = this.process
    return new ExitCause(new ExitError(`${label} restarts its children`, cause.origin, cause.reason), label)
  }

  /** Starts a child again. If that fails, it is retried later, which counts as another restart. */
  private async tryToStart(child: Child, cause: ExitCause): Promise<boolean> {
    try {
      await this.children.start(child)
      this.emitRestarted(child, cause)
      return true
    } catch (error) {
      const { process } = this
      const reason = error as ExitReason
      process.runtime.log(
        'error',
        `${process.label} could not restart child ${quote(child.id)}, and tries again: ${describeReason(reason)}`,
        {
          process: process.id,
          reason,
        },
      )
      child.isRestarting = true
      const again = isError(error) ? new ExitCause(error, `${process.label}, starting ${quote(child.id)}`) : cause
      process.deliver(new Message('restart-again', '', undefined, { child, cause: again }))
      return false
    }
  }

  private emitRestarted({ id, reference }: Child, { reason }: ExitCause): void {
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
}
