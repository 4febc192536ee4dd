import { isAbort } from '../../base/is-abort.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { quote } from '../../base/quote.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import { abort, signalOf } from '../abort-signal.ts'
import type { Behaviour, Progress } from '../behaviour.ts'
import type { AbortSignalLike } from '../host/abort-signal-like.ts'
import { Message } from '../message.ts'
import type { Process } from '../process.ts'
import type { ProcessRef } from '../process-ref.ts'
import { ProcessReference } from '../reference.ts'
import { Definition } from './definition.ts'
import type { Stage } from './start-types.ts'

/** The argument of the function of a task. */
export interface TaskContext {
  /**
   * Aborted when the task should end.
   *
   * The reason is `'shutdown'` if the program or a drain requests the end: the task then has until the deadline to finish.
   * If the task has already been ended, the reason is the exit reason.
   */
  readonly signal: AbortSignalLike
}

/** A class, because a getter in an object literal gives each object a hidden class of its own, which costs more than the task. */
class LiveTaskContext implements TaskContext {
  readonly #process: Process

  constructor(process: Process) {
    this.#process = process
  }

  get signal(): AbortSignalLike {
    return signalOf(this.#process)
  }
}

/**
 * A process that runs one function, and ends when the function does.
 *
 * On `'drain'`, it aborts its signal at once, and the function continues. If the function rejects because of that, the
 * task exits with `'shutdown'`. A function that has not begun does not run.
 */
class TaskProcess implements Behaviour {
  private readonly process: Process
  private readonly run: (context: TaskContext) => unknown
  /** Set by `'drain'`. */
  private isDraining = false

  constructor(process: Process, run: (context: TaskContext) => unknown) {
    this.process = process
    this.run = run
  }

  /** The start of a task does not wait for its work. */
  init(): Progress {
    this.process.deliver(new Message('run', '', undefined, undefined))
    return 'done'
  }

  receive(message: Message): Progress {
    const { process } = this
    if (message.kind !== 'run')
      return message.kind === 'drain' ? process.stop('shutdown') : process.receiveSystem(message)
    process.callback = 'task'
    const outcome = this.run(new LiveTaskContext(process))
    return isThenable(outcome) ? process.park(outcome, () => process.stop('normal')) : process.stop('normal')
  }

  onDrain(): void {
    if (this.isDraining) return
    this.isDraining = true
    abort(this.process, 'shutdown')
  }

  endsBy(thrown: unknown): boolean {
    return this.isDraining && isAbort(thrown, 'shutdown')
  }

  terminate(): Progress {
    return 'done'
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return {}
  }

  inspect(): Inspection {
    return { isBlocked: false }
  }
}

/**
 * Creates a process that runs one function, async or not, and ends when the function does. The exit reason is `'normal'`,
 * or what the function throws.
 *
 * A task is started, linked and supervised like any stage. The start does not wait for the work. When the program is
 * requested to end, `signal` is aborted first. If the function then rejects with an `AbortError`, or with
 * `signal.reason`, that is not a failure.
 *
 * @throws {TypeError} If `run` is not a function.
 *
 * @example Work that is stopped with the program
 * ```ts
 * import assert from 'node:assert/strict'
 * import { setTimeout as sleep } from 'node:timers/promises'
 * import { startLink, task } from 'genstage'
 *
 * let isMigrated = false
 * const migration = await startLink(
 *   task(async ({ signal }) => {
 *     await sleep(1, undefined, { signal })
 *     isMigrated = true
 *   }),
 * )
 * await migration.done
 * assert.equal(isMigrated, true)
 * ```
 */
export function task(run: (context: TaskContext) => unknown): Stage<ProcessRef> {
  if (typeof run !== 'function') throw new TypeError(`expected task to be given a function, got: ${quote(run)}`)
  return new Definition(
    'task',
    (process) => new TaskProcess(process, run),
    (process) => new ProcessReference(process),
  ).as<ProcessRef>()
}
