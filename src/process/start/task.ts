import { isAbort } from '../../base/is-abort.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { quote } from '../../base/quote.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import { abort, signalOf } from '../abort-signal.ts'
import { Message } from '../message.ts'
import type { Behaviour, Process, Progress } from '../process.ts'
import type { AbortSignalLike, ProcessRef } from '../process-ref.ts'
import { ProcessReference } from '../reference.ts'
import { Definition } from './definition.ts'
import type { Stage } from './start-types.ts'

/** What the function of a task is handed. */
export interface TaskContext {
  /**
   * Aborted when the task is to end: what its work stops on.
   *
   * The reason is `'shutdown'` where the program or a drain asks for the end, and the task has until the deadline to
   * finish; it is the exit reason where the task has been ended.
   */
  readonly signal: AbortSignalLike
}

/** A class, as a getter in an object literal gives each object a hidden class of its own, which costs more than the task. */
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
 * A process that runs one function and ends with its outcome.
 *
 * Told to finish, it aborts its signal at once and lets the function go on. A function that rejects because of that
 * ends the task with `'shutdown'`; one that had not begun never runs.
 */
class TaskProcess implements Behaviour {
  private readonly process: Process
  private readonly run: (context: TaskContext) => unknown
  /** Set when it was told to finish. */
  private isFinishing = false

  constructor(process: Process, run: (context: TaskContext) => unknown) {
    this.process = process
    this.run = run
  }

  /** The work is no part of the start: whoever starts a task does not wait for it. */
  init(): Progress {
    this.process.deliver(new Message('run', '', undefined, undefined))
    return 'done'
  }

  receive(message: Message): Progress {
    const { process } = this
    if (message.kind !== 'run')
      return message.kind === 'finish' ? process.stop('shutdown') : process.receiveSystem(message)
    process.callback = 'task'
    const outcome = this.run(new LiveTaskContext(process))
    return isThenable(outcome) ? process.park(outcome, () => process.stop('normal')) : process.stop('normal')
  }

  onFinish(): void {
    if (this.isFinishing) return
    this.isFinishing = true
    abort(this.process, 'shutdown')
  }

  endsBy(thrown: unknown): boolean {
    return this.isFinishing && isAbort(thrown, 'shutdown')
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
 * A process that runs one function, async or not, and ends when that does: normally, or with what it throws as the
 * reason.
 *
 * It is started, linked and supervised like any stage. The start does not wait for the work. A program that is told to
 * end aborts `signal` first; a function that then rejects with an `AbortError`, or with `signal.reason`, has not failed.
 *
 * @throws {TypeError} If `run` is no function.
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
