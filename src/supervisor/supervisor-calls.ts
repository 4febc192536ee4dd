import { ChildRunningError } from '../base/errors.ts'
import { quote } from '../base/quote.ts'
import type { Progress } from '../process/behaviour.ts'
import type { PendingCall, Request } from '../process/call.ts'
import type { Process } from '../process/process.ts'
import { readChildSpec } from './child-spec.ts'
import type { Children } from './children.ts'

/** The request of a call to a supervisor: the name of the operation, and its arguments. */
export type SupervisorRequest = Request<{ readonly kind: string; readonly arguments: readonly unknown[] }>

/** A mistake of the caller, with which the call is rejected. */
type CallerError = ChildRunningError | RangeError

/** The calls to a supervisor. */
export class SupervisorCalls {
  private readonly process: Process
  private readonly children: Children

  constructor(process: Process, children: Children) {
    this.process = process
    this.children = children
  }

  /** Handles one call. The supervisor is parked while the call starts or stops a child. */
  handle({ call, argument }: SupervisorRequest): Progress {
    const [first] = argument.arguments
    switch (argument.kind) {
      case 'startChild':
        return this.startChild(call, first)
      case 'terminateChild':
        return this.terminateChild(call, first)
      case 'restartChild':
        return this.restartChild(call, first)
      case 'deleteChild':
        return this.deleteChild(call, first)
      case 'whichChildren':
        return this.reply(
          call,
          this.children.all.map(({ id, reference }) => ({ id, ref: reference })),
        )
      case 'countChildren':
        return this.reply(call, this.count())
      default:
        call.fail(new TypeError(`expected a request that supervisors handle, got: ${quote(argument.kind)}`))
        return 'done'
    }
  }

  private startChild(call: PendingCall, given: unknown): Progress {
    const { children } = this
    let child: ReturnType<Children['add']>
    try {
      child = children.add(readChildSpec(given, 'a child specification'))
    } catch (mistake) {
      call.fail(mistake)
      return 'done'
    }
    return this.replyAfter(call, async () => {
      try {
        await children.start(child)
      } catch (error) {
        children.forget(child)
        throw error
      }
      return child.reference ?? 'ignore'
    })
  }

  private terminateChild(call: PendingCall, id: unknown): Progress {
    const child = this.children.find(id)
    if (child === undefined) return this.reply(call, false)
    return this.replyAfter(call, async () => {
      await child.shutDown(this.process)
      if (child.spec.restart === 'temporary') this.children.forget(child)
      return true
    })
  }

  private restartChild(call: PendingCall, id: unknown): Progress {
    const child = this.children.find(id)
    if (child === undefined) return this.reject(call, new RangeError(`expected the id of a child, got: ${quote(id)}`))
    if (child.reference !== undefined || child.isRestarting) {
      return this.reject(call, new ChildRunningError('restartChild', child.id))
    }
    return this.replyAfter(call, async () => {
      await this.children.start(child)
      return child.reference ?? 'ignore'
    })
  }

  private deleteChild(call: PendingCall, id: unknown): Progress {
    const child = this.children.find(id)
    if (child === undefined) return this.reply(call, false)
    if (child.reference !== undefined || child.isRestarting) {
      return this.reject(call, new ChildRunningError('deleteChild', child.id))
    }
    this.children.forget(child)
    return this.reply(call, true)
  }

  private count(): object {
    const { all } = this.children
    const supervisors = all.filter((child) => child.isSupervisor).length
    return {
      specs: all.length,
      active: all.filter((child) => child.reference !== undefined).length,
      supervisors,
      workers: all.length - supervisors,
    }
  }

  /** Parks the supervisor during the work, and then replies with its result or rejects with its error. */
  private replyAfter(call: PendingCall, work: () => Promise<unknown>): Progress {
    const done = work().then(
      (value) => call.reply(value),
      (error: unknown) => call.fail(error),
    )
    return this.process.waitFor(done)
  }

  private reply(call: PendingCall, value: unknown): Progress {
    call.reply(value)
    return 'done'
  }

  private reject(call: PendingCall, error: CallerError): Progress {
    call.fail(error)
    return 'done'
  }
}
