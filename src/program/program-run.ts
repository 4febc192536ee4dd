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

/** Where there is no deadline, how long stages wait for what is told before them, in milliseconds. */
const FIRST_WITHOUT_DEADLINE = 5_000

/** What the function of a program is handed beside its scope. */
export interface RunContext {
  /**
   * Aborted with an {@link InterruptedError} when the first signal comes, and with the failure when a stage of the
   * program fails: what the function waits on, and closes its servers and connections on.
   *
   * A function that takes it ends first: on a signal the stages run on until it returns, for half of the `deadline` at
   * most, and are drained then.
   */
  readonly signal: AbortSignalLike
}

/** The context of a program's function, which remembers whether the function has taken its signal. */
class OwnRunContext implements RunContext {
  isSignalTaken = false
  private readonly controller = new AbortController()

  constructor() {
    // It is handed to every request of a server, so many listeners are no leak.
    setMaxListeners(0, this.controller.signal)
  }

  get signal(): AbortSignalLike {
    this.isSignalTaken = true
    return this.controller.signal
  }

  abort(reason: unknown): void {
    this.controller.abort(reason)
  }

  /** Whether something was thrown because the signal was aborted. */
  hasCaused(thrown: unknown): boolean {
    const { aborted, reason } = this.controller.signal
    return aborted && isAbort(thrown, reason)
  }
}

/** A program that runs: its scope, and what its function is doing. */
export class ProgramRun<Value> {
  /** What the function returns; rejects with what it throws, or with the failure of a stage. */
  finished!: Promise<Value>
  private readonly runtime: ProcessRuntime
  private readonly scope: ProcessScope
  private readonly context = new OwnRunContext()
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
    this.returned = value.then(nothing, nothing)
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

  /** The function has returned: stops what still runs. */
  async end(): Promise<Value> {
    await this.scope[Symbol.asyncDispose]()
    return this.finished
  }

  /** Ends the program in order after a signal, and returns what its function did, if it has. */
  async endInOrder(signal: Signal): Promise<Value | undefined> {
    const { runtime, scope, deadline, grace } = this
    const latest = runtime.clock.now() + deadline
    const value = this.finished.catch((error: unknown) => this.bearEnds(error))
    // It is looked at below; that it rejects before is no unhandled rejection.
    value.catch(nothing)
    await this.letFirstEnd(signal)
    scope.finish()
    const isDone = await isSettledWithin(Promise.all([value, scope.emptied()]), runtime, latest - runtime.clock.now())
    if (isDone) return value
    const hasStages = scope.links !== undefined && scope.links.size > 0
    await scope[Symbol.asyncDispose]()
    // What the function has waited for of its stages is settled only now.
    if (await isSettledWithin(value, runtime, hasStages ? grace : 0)) return value
    runtime.log('warn', `left undone: the function of the program has not returned after ${signal}`, { signal })
    return undefined
  }

  async dispose(): Promise<void> {
    await this.scope[Symbol.asyncDispose]()
  }

  /** Tells tasks to finish, and waits for all that has taken its signal, which may still need the stages. */
  private async letFirstEnd(signal: Signal): Promise<void> {
    const { runtime, scope, context, deadline } = this
    const first = tasksIn(scope, runtime).filter(({ abort }) => abort !== undefined)
    const ends: Promise<unknown>[] = first.map(({ reference }) => reference.exited)
    if (context.isSignalTaken) ends.push(this.returned)
    scope.finishTasks()
    if (ends.length === 0) return
    const longest = Number.isFinite(deadline) ? deadline / 2 : FIRST_WITHOUT_DEADLINE
    // `done` is there for its rejection: where a stage fails, nothing is waited for.
    if (await isSettledWithin(Promise.race([Promise.all(ends), scope.done]), runtime, longest)) return
    const running = first.filter(({ status }) => status !== 'ended').map(({ label }) => label)
    const late = running.length > 0 ? running.join(', ') : 'the function of the program'
    runtime.log('warn', `${late} still runs ${longest} ms after ${signal}: the stages are drained now`, { signal })
  }

  /** After a signal stages are on their way out: what a program cannot have of them any more is no failure. */
  private bearEnds(error: unknown): undefined {
    const isConsequence = error instanceof GenStageError && !(error instanceof StageFailure)
    if (!isConsequence && !this.context.hasCaused(error)) throw error
    return undefined
  }
}

function nothing(): void {}

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
