import { setMaxListeners } from 'node:events'
import { GenStageError, StageFailure } from '../base/errors.ts'
import { isAbort } from '../base/is-abort.ts'
import type { Linkable } from '../process/exit/link.ts'
import type { AbortSignalLike } from '../process/host/abort-signal-like.ts'
import { ProcessRecord } from '../process/process-record.ts'
import type { ProcessRuntime } from '../process/runtime.ts'
import type { Deadline } from '../process/schedule/timers.ts'
import { ProcessScope, type Scope } from '../process/start/scope.ts'
import { InterruptedError, type Signal } from './interrupted-error.ts'

/** How long stages run on for tasks and the program's function if there is no deadline, in milliseconds. */
const FIRST_WITHOUT_DEADLINE = 5_000

/** What the function of a program receives besides its scope. */
export interface RunContext {
  /**
   * Aborted with an {@link InterruptedError} when the first signal comes, and with the failure when a stage of the
   * program fails. The function can wait for it, and close its servers and connections then.
   *
   * A function that reads it ends first: on a signal the stages run on until it returns, for half of the `deadline` at
   * most, and are then drained.
   */
  readonly signal: AbortSignalLike
}

/** The context of a program's function, which records whether the function has read its signal. */
class LiveRunContext implements RunContext {
  isSignalRead = false
  private readonly controller = new AbortController()

  constructor() {
    // A server may pass it to every request, so many listeners are not a leak.
    setMaxListeners(0, this.controller.signal)
  }

  get signal(): AbortSignalLike {
    this.isSignalRead = true
    return this.controller.signal
  }

  abort(reason: unknown): void {
    this.controller.abort(reason)
  }

  /** Whether `thrown` was thrown because the signal was aborted. */
  hasCaused(thrown: unknown): boolean {
    const { aborted, reason } = this.controller.signal
    return aborted && isAbort(thrown, reason)
  }
}

/** A running program: its scope and its function. */
export class ProgramRun<Value> {
  /** What the function returns; rejects with what it throws, or with the failure of a stage. */
  finished!: Promise<Value>
  private readonly runtime: ProcessRuntime
  private readonly scope: ProcessScope
  private readonly context = new LiveRunContext()
  private readonly deadline: number
  private readonly grace: number
  /** Settles, and never rejects, once the function has. */
  private returned!: Promise<void>

  constructor(runtime: ProcessRuntime, { deadline, grace }: { readonly deadline: number; readonly grace: number }) {
    this.runtime = runtime
    this.deadline = deadline
    this.grace = grace
    this.scope = new ProcessScope(runtime, grace)
  }

  /** Calls the function. */
  begin(run: (scope: Scope, context: RunContext) => Promise<Value> | Value): void {
    const { scope, context } = this
    const value = (async () => run(scope, context))()
    this.returned = value.then(ignore, ignore)
    this.finished = new Promise<Value>((resolve, reject) => {
      value.then(resolve, reject)
      scope.done.catch((failure: unknown) => {
        context.abort(failure)
        reject(failure)
      })
    })
  }

  /** The first signal has come. */
  interrupt(signal: Signal): void {
    this.context.abort(new InterruptedError(signal))
  }

  /** The function has returned: stops everything that still runs. */
  async end(): Promise<Value> {
    await this.scope[Symbol.asyncDispose]()
    return this.finished
  }

  /** Drains the program after a signal, and returns what its function has returned, if it has. */
  async drain(signal: Signal): Promise<Value | undefined> {
    const { runtime, scope, deadline, grace } = this
    const latest = runtime.clock.now() + deadline
    const value = this.finished.catch((error: unknown) => this.ignoreConsequence(error))
    // It is awaited below; if it rejects before, that is not an unhandled rejection.
    value.catch(ignore)
    await this.endTasksAndFunction(signal)
    scope.finish()
    const isDone = await isSettledWithin(Promise.all([value, scope.emptied()]), runtime, latest - runtime.clock.now())
    if (isDone) return value
    const hasStages = scope.links !== undefined && scope.links.size > 0
    await scope[Symbol.asyncDispose]()
    // Promises of stages that the function waits for are settled only now.
    if (await isSettledWithin(value, runtime, hasStages ? grace : 0)) return value
    runtime.log('warn', `the function of the program did not return after ${signal}`, { signal })
    return undefined
  }

  async dispose(): Promise<void> {
    await this.scope[Symbol.asyncDispose]()
  }

  /** Asks tasks to finish, and waits for those that have read their signal, which may still need the stages. */
  private async endTasksAndFunction(signal: Signal): Promise<void> {
    const { runtime, scope, context, deadline } = this
    const first = tasksIn(scope, runtime).filter(({ abort }) => abort !== undefined)
    const ends: Promise<unknown>[] = first.map(({ reference }) => reference.exited)
    if (context.isSignalRead) ends.push(this.returned)
    scope.finishTasks()
    if (ends.length === 0) return
    const longest = Number.isFinite(deadline) ? deadline / 2 : FIRST_WITHOUT_DEADLINE
    // `done` ends the wait if a stage fails.
    if (await isSettledWithin(Promise.race([Promise.all(ends), scope.done]), runtime, longest)) return
    const running = first.filter(({ status }) => status !== 'ended').map(({ label }) => label)
    const late = running.length > 0 ? running.join(', ') : 'the function of the program'
    runtime.log('warn', `started to drain the stages ${longest} ms after ${signal}: ${late} had not ended`, { signal })
  }

  /** After a signal the stages are being stopped: an operation that fails because of that is not a failure. */
  private ignoreConsequence(error: unknown): undefined {
    const isConsequence = error instanceof GenStageError && !(error instanceof StageFailure)
    if (!isConsequence && !this.context.hasCaused(error)) throw error
    return undefined
  }
}

function ignore(): void {}

/** The tasks that a scope or its supervisors have started; not those that are work of a consumer supervisor. */
function tasksIn(scope: Linkable, { processes }: ProcessRuntime): ProcessRecord[] {
  const isIn = ({ parent }: ProcessRecord): boolean =>
    parent === scope || (parent instanceof ProcessRecord && parent.kind === 'supervisor' && isIn(parent))
  return Array.from(processes.values()).filter((process) => process.kind === 'task' && isIn(process))
}

/** Whether a promise settles within `ms` milliseconds. Rejects if it does. */
async function isSettledWithin(promise: Promise<unknown>, { timers }: ProcessRuntime, ms: number): Promise<boolean> {
  let deadline: Deadline | undefined
  const isLate = new Promise<false>((resolve) => {
    deadline = timers.add(Math.max(0, ms), () => resolve(false))
  })
  try {
    return await Promise.race([promise.then(() => true), isLate])
  } finally {
    deadline?.cancel()
  }
}
