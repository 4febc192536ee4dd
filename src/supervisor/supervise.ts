import { request } from '../process/call.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import { ProcessReference } from '../process/reference.ts'
import { Definition } from '../process/start/definition.ts'
import type { Stage } from '../process/start/start-types.ts'
import type { ChildSpec } from './child-spec.ts'
import { readSupervisorOptions, type SupervisorOptions } from './supervisor-options.ts'
import { SupervisorProcess } from './supervisor-process.ts'

/** A handle on a supervisor. Its calls wait for as long as starting and stopping children takes. */
export interface SupervisorRef extends ProcessRef {
  /**
   * Starts one more child, after all others; resolves with it, or with `'ignore'` where its set-up answered that.
   *
   * Rejects if it could not be started; then it is not kept.
   */
  startChild(spec: ChildSpec): Promise<ProcessRef | 'ignore'>
  /** Stops a child, which is kept unless it is temporary; resolves with `false` where there is none of that id. */
  terminateChild(id: string): Promise<boolean>
  /**
   * Starts a child again that was terminated; resolves as `startChild` does.
   *
   * Rejects with a `RangeError` if there is none of that id, with a `ChildRunningError` if it runs, and with the reason
   * if it cannot be started.
   */
  restartChild(id: string): Promise<ProcessRef | 'ignore'>
  /**
   * Forgets a child that was terminated; `false` where there is none of that id.
   *
   * Rejects with a `ChildRunningError` if it runs.
   */
  deleteChild(id: string): Promise<boolean>
  /** Its children in the order in which they are started; `ref` is `undefined` while one does not run. */
  whichChildren(): Promise<readonly { readonly id: string; readonly ref: ProcessRef | undefined }[]>
  /** Counts its children: all, those that run, and of all the supervisors and the others. */
  countChildren(): Promise<{
    readonly specs: number
    readonly active: number
    readonly supervisors: number
    readonly workers: number
  }>
}

/**
 * Starts children in order, restarts them when they fail, and stops them in reverse.
 *
 * When more than `maxRestarts` restarts were needed within `maxSeconds`, it stops its children, ends with reason
 * `'shutdown'`, and that is a failure: it is reported, and a supervisor above it starts it again.
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

/** All operations of a supervisor wait for the reply, however long it takes. */
class SupervisorReference extends ProcessReference {
  startChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'startChild', args)
  }

  terminateChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'terminateChild', args)
  }

  restartChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'restartChild', args)
  }

  deleteChild(...args: unknown[]): Promise<unknown> {
    return ask(this, 'deleteChild', args)
  }

  whichChildren(...args: unknown[]): Promise<unknown> {
    return ask(this, 'whichChildren', args)
  }

  countChildren(...args: unknown[]): Promise<unknown> {
    return ask(this, 'countChildren', args)
  }
}

function ask(target: SupervisorReference, kind: string, args: readonly unknown[]): Promise<unknown> {
  const operation = `${kind} of ${target.label}`
  return request(target, 'call', { kind, arguments: args }, operation, { timeout: Number.POSITIVE_INFINITY })
}
