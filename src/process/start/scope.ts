import type { ChurningSet } from '../../base/collections/churning.ts'
import { type StageFailure, StartError } from '../../base/errors.ts'
import type { LogLevel } from '../../base/logger.ts'
import { askToDrain, Drain } from '../drain.ts'
import { ExitCause } from '../exit/exit-cause.ts'
import { type Linkable, unlink } from '../exit/link.ts'
import { Message } from '../message.ts'
import type { ProcessRecord } from '../process-record.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { ProcessRuntime } from '../runtime.ts'
import { startProcess } from './start.ts'
import type { Stage, StartOptions } from './start-types.ts'

/** How long a scope waits for a stage to stop before the stage is killed, in milliseconds. */
const STOP_TIMEOUT = 5_000

/**
 * Holds stages that are started outside of any stage, and is linked to them.
 *
 * When one of them fails, the scope stops the others, in reverse order of their start, and rejects `done`. A scope is for
 * a request, a test or a library: `await using scope = createScope()`.
 */
export interface Scope extends AsyncDisposable {
  /**
   * Resolves once the scope is disposed of, and rejects with a {@link StageFailure} when a stage in it fails. A rejection
   * that is not handled is reported as an unhandled rejection, so that no failure is silent.
   */
  readonly done: Promise<void>
  /** Starts a stage linked to this scope. Rejects with a `StartError` once the scope is closed. */
  startLink<Ref extends ProcessRef>(stage: Stage<Ref>, options?: StartOptions<NoInfer<Ref>>): Promise<Ref>
  /** Stops all stages in it, the last started first. A stage that has not ended within 5,000 ms is killed. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The implementation of {@link Scope}. */
export class ProcessScope implements Linkable, Scope {
  links: ChurningSet<Linkable> | undefined
  readonly done: Promise<void>
  private readonly runtime: ProcessRuntime
  /** How long each stage may take to stop before it is killed, in milliseconds. */
  private readonly stopTimeout: number
  private settle: { resolve(): void; reject(failure: StageFailure): void }
  private isClosed = false
  /** Set once it is draining. */
  private drain: Drain | undefined
  private closing: Promise<void> | undefined

  constructor(runtime: ProcessRuntime, stopTimeout: number = STOP_TIMEOUT) {
    this.runtime = runtime
    this.stopTimeout = stopTimeout
    this.settle = { resolve() {}, reject() {} }
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  async startLink<Ref extends ProcessRef>(stage: Stage<Ref>, options?: StartOptions<NoInfer<Ref>>): Promise<Ref> {
    if (this.isClosed) {
      const message = 'expected an open scope, got one that has been disposed of or has failed'
      throw new StartError('a stage', 'scope-closed', message)
    }
    const started = startProcess(stage, options, () => this, this.runtime)
    if (this.drain !== undefined) askToDrain(lastOf(this.links) as ProcessRecord, this.drain)
    return started
  }

  /** Drains all tasks in it and under its supervisors, but no stages. */
  finishTasks(): void {
    const drain = new Drain(this)
    for (const linked of this.links ?? []) {
      const process = linked as ProcessRecord
      if (process.kind === 'task') askToDrain(process, drain)
      else if (process.kind === 'supervisor') process.deliver(new Message('finish-tasks', '', undefined, drain))
    }
  }

  /** Drains all stages in it, and those that are started later. */
  finish(): void {
    this.drain ??= new Drain(this)
    for (const linked of this.links ?? []) askToDrain(linked as ProcessRecord, this.drain)
  }

  /** Resolves once no stage is running in it. */
  async emptied(): Promise<void> {
    for (let last = lastOf(this.links); last !== undefined; last = lastOf(this.links)) {
      await (last as ProcessRecord).reference.exited
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.settle.resolve()
  }

  /** Logs with the logger of its runtime. */
  log(level: LogLevel, message: string, facts: Readonly<Record<string, unknown>>): void {
    this.runtime.log(level, message, facts)
  }

  get onFailure(): 'report' | 'keep' {
    return this.isClosed ? 'keep' : 'report'
  }

  signalExit(_from: Linkable | undefined, cause: ExitCause): void {
    if (!cause.isFailure || this.isClosed) return
    const failure = cause.toFailure()
    cause.isReported = true
    void this.close(cause).then(() => this.settle.reject(failure))
  }

  /** @param because The failure that closes it; undefined if its owner disposes of it. */
  private close(because?: ExitCause): Promise<void> {
    this.isClosed = true
    this.closing ??= this.stopAll(because)
    return this.closing
  }

  private async stopAll(because: ExitCause | undefined): Promise<void> {
    // A set keeps the order of insertion, so its last process was started last. None is added once the scope is closed.
    const processes = [...(this.links ?? [])] as ProcessRecord[]
    for (const process of processes.toReversed()) {
      if (process.status !== 'ended') await stopWithin(process, this.stopTimeout, because)
      unlink(this, process)
    }
  }
}

function lastOf(links: ChurningSet<Linkable> | undefined): Linkable | undefined {
  let last: Linkable | undefined
  for (const linked of links ?? []) last = linked
  return last
}

/**
 * Stops a process with reason `'shutdown'`, and kills it if it has not ended after `ms` milliseconds.
 *
 * @param because The failure for which it is stopped; undefined if that was requested.
 */
function stopWithin(process: ProcessRecord, ms: number, because?: ExitCause): Promise<void> {
  return new Promise((resolve) => {
    const cause = new ExitCause('shutdown', process.label, undefined, true, because)
    const kill = (): void => process.kill(new ExitCause('killed', process.label, undefined, true, because))
    const deadline = process.runtime.timers.add(ms, kill)
    process.stopWaiters ??= []
    process.stopWaiters.push(() => {
      deadline.cancel()
      resolve()
    })
    process.deliver(new Message('stop', '', undefined, { cause }))
  })
}
