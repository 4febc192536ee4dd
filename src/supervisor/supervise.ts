import { request } from '../process/call.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import { ProcessReference } from '../process/reference.ts'
import { Definition } from '../process/start/definition.ts'
import type { Stage } from '../process/start/start-types.ts'
import type { ChildSpec } from './child-spec.ts'
import { readSupervisorOptions, type SupervisorOptions } from './supervisor-options.ts'
import { SupervisorProcess } from './supervisor-process.ts'

/** A handle on a supervisor. Its calls have no timeout: they wait until children have been started or stopped. */
export interface SupervisorRef extends ProcessRef {
  /**
   * Adds a child after all others and starts it. Resolves with its reference, or with `'ignore'` if its setup function
   * returned that.
   *
   * Rejects if the child could not be started. It is then not kept.
   */
  startChild(spec: ChildSpec): Promise<ProcessRef | 'ignore'>
  /** Stops a child, and keeps its specification unless it is temporary. Resolves with `false` if the id is unknown. */
  terminateChild(id: string): Promise<boolean>
  /**
   * Restarts a child that was terminated. Resolves like `startChild`.
   *
   * Rejects with a `RangeError` if the id is unknown, with a `ChildRunningError` if the child is running, and with the
   * reason if it cannot be started.
   */
  restartChild(id: string): Promise<ProcessRef | 'ignore'>
  /**
   * Removes a child that was terminated. Resolves with `false` if the id is unknown.
   *
   * Rejects with a `ChildRunningError` if the child is running.
   */
  deleteChild(id: string): Promise<boolean>
  /** Its children in the order in which they are started; `ref` is `undefined` for a child that is not running. */
  whichChildren(): Promise<readonly { readonly id: string; readonly ref: ProcessRef | undefined }[]>
  /** Counts its children: all of them, those that are running, and how many of all are supervisors and workers. */
  countChildren(): Promise<{
    readonly specs: number
    readonly active: number
    readonly supervisors: number
    readonly workers: number
  }>
}

/**
 * Creates a supervisor: it starts children in order, restarts them when they fail, and stops them in reverse order.
 *
 * If more than `maxRestarts` restarts are needed within `maxSeconds`, the supervisor stops its children and exits with
 * reason `'shutdown'`. That is a failure: it is reported, and a supervisor above it restarts it.
 *
 * @throws {TypeError | RangeError} If an option is wrong.
 *
 * @example A child that is restarted
 * ```ts
 * import assert from 'node:assert/strict'
 * import { type ConsumerRef, consumer, named, startLink, supervisor } from 'genstage'
 *
 * let starts = 0
 * let restarted = () => {}
 * const isRestarted = new Promise<void>((resolve) => {
 *   restarted = resolve
 * })
 * const printer = named<ConsumerRef<string>>('printer')
 * const Printer = () =>
 *   consumer(() => {
 *     if (++starts === 2) restarted()
 *     return { handleEvents(_events: readonly string[]) {} }
 *   })
 *
 * const tree = await startLink(
 *   supervisor({ strategy: 'one-for-one', children: [{ start: Printer, name: printer }] }),
 * )
 * printer.exit('kill')
 * await isRestarted
 * assert.equal(starts, 2)
 * await tree.stop()
 * ```
 */
export function supervisor(options: SupervisorOptions): Stage<SupervisorRef> {
  const valid = readSupervisorOptions(options)
  return new Definition(
    'supervisor',
    (process) => new SupervisorProcess(process, valid),
    (process) => new SupervisorReference(process),
    Number.POSITIVE_INFINITY,
  ).as<SupervisorRef>()
}

/** A supervisor as its users hold it. All operations wait for a reply without a timeout. */
class SupervisorReference extends ProcessReference {
  startChild(...args: unknown[]): Promise<unknown> {
    return callSupervisor(this, 'startChild', args)
  }

  terminateChild(...args: unknown[]): Promise<unknown> {
    return callSupervisor(this, 'terminateChild', args)
  }

  restartChild(...args: unknown[]): Promise<unknown> {
    return callSupervisor(this, 'restartChild', args)
  }

  deleteChild(...args: unknown[]): Promise<unknown> {
    return callSupervisor(this, 'deleteChild', args)
  }

  whichChildren(...args: unknown[]): Promise<unknown> {
    return callSupervisor(this, 'whichChildren', args)
  }

  countChildren(...args: unknown[]): Promise<unknown> {
    return callSupervisor(this, 'countChildren', args)
  }
}

function callSupervisor(target: SupervisorReference, kind: string, args: readonly unknown[]): Promise<unknown> {
  const operation = `${kind} of ${target.label}`
  return request(target, 'call', { kind, arguments: args }, operation, { timeout: Number.POSITIVE_INFINITY })
}
