import { host } from '#host'
import { NameTakenError, StageEndedError, StartError, StartIgnoredError } from '../../base/errors.ts'
import { ExitCause } from '../exit/exit-cause.ts'
import { type Linkable, link } from '../exit/link.ts'
import type { RunInContext } from '../host/host.ts'
import { Process } from '../process.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { ProcessReference } from '../reference.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime } from '../runtime.ts'
import { watchEnd } from '../unfinished/watch-end.ts'
import { type Definition, expectDefinition } from './definition.ts'
import { nameOf } from './name-of.ts'
import { startOptions } from './start-options.ts'
import type { Stage, StartOptions } from './start-types.ts'

/** The end of a process whose set-up answered `'ignore'`. */
export class IgnoredStart extends ExitCause {
  constructor(origin: string) {
    super('normal', origin)
  }
}

/** The end of a process whose callbacks or options were a mistake: whoever starts it gets the error as it is. */
export class InvalidStart extends ExitCause {}

/**
 * Starts a stage linked to the program: if it fails, the program fails, once per cause, as a `StageFailure`.
 *
 * Resolves with its reference once it is set up. Its name is taken before its set-up runs; what is sent to it meanwhile
 * waits in its mailbox.
 *
 * @throws {TypeError} (as a rejection) If the stage is none, or was started before.
 * @throws {NameTakenError} If the name belongs to another stage.
 * @throws {StartIgnoredError} If its set-up answered `'ignore'`.
 * @throws {StartError} If its set-up threw, answered `{ stop }`, or was cut short. Whichever it is, a start that failed
 *   leaves no name, timer or link behind.
 *
 * @example A stage that is called by its reference
 * ```ts
 * import assert from 'node:assert/strict'
 * import { consumer, startLink } from 'genstage'
 *
 * const Counter = () => {
 *   let count = 0
 *   return consumer({
 *     handleEvents(events: readonly string[]) {
 *       count += events.length
 *     },
 *     handleCall: { count: () => ({ reply: count }) },
 *   })
 * }
 *
 * const counter = await startLink(Counter(), { name: 'counter' })
 * assert.equal(counter.name, 'counter')
 * assert.equal(await counter.call('count'), 0)
 * await counter.stop()
 * ```
 */
export async function startLink<Ref extends ProcessRef>(
  stage: Stage<Ref>,
  options?: StartOptions<NoInfer<Ref>>,
): Promise<Ref> {
  return startProcess(stage, options, (runtime) => runtime.scope)
}

/**
 * Starts a stage that nobody is linked to: if it fails, that is one line in the log.
 *
 * Otherwise like {@link startLink}.
 *
 * @example A stage that fails alone
 * ```ts
 * import assert from 'node:assert/strict'
 * import { consumer, createRuntime, start } from 'genstage'
 *
 * const logged: unknown[] = []
 * const runtime = createRuntime({ logger: { ...console, error: (message) => void logged.push(message) } })
 * const fragile = await start(
 *   consumer({
 *     handleEvents() {},
 *     handleInfo() {
 *       throw new Error('out of order')
 *     },
 *   }),
 *   { runtime },
 * )
 * fragile.send('anything')
 * const reason = await fragile.exited
 * assert.equal((reason as Error).message, 'out of order')
 * assert.equal(logged.length, 1)
 * ```
 */
export async function start<Ref extends ProcessRef>(
  stage: Stage<Ref>,
  options?: StartOptions<NoInfer<Ref>>,
): Promise<Ref> {
  return startProcess(stage, options, () => undefined)
}

/** Starts a stage linked to another process, in the same runtime. */
export async function startLinkedTo<Ref extends ProcessRef>(
  starter: Process,
  stage: Stage<Ref>,
  options?: StartOptions<NoInfer<Ref>>,
): Promise<Ref> {
  if (starter.status === 'ended') {
    throw new StageEndedError('startLink', starter.label, starter.reference.exitReason)
  }
  return startProcess(stage, options, () => starter, starter.runtime)
}

/**
 * Starts a process, linked to what `parentIn` answers; the promise settles once it is set up or has failed to.
 *
 * @param home The runtime of what it is linked to, which must be its own: links do not reach into another one. Default:
 *   what the options say.
 */
export function startProcess<Ref extends ProcessRef>(
  stage: Stage<Ref>,
  options: StartOptions<Ref> | undefined,
  parentIn: (runtime: ProcessRuntime) => Linkable | undefined,
  home?: ProcessRuntime,
): Promise<Ref> {
  const validated = startOptions.read(options, 'start options')
  const definition = expectDefinition(stage)
  const runtime = validated.runtime === undefined ? (home ?? defaultRuntime) : expectRuntime(validated.runtime)
  if (home !== undefined && runtime !== home) {
    throw new TypeError(
      `expected runtime to be that of the starter, ${home.id}, or not to be given, got: ${runtime.id}`,
    )
  }
  const name = validated.name === undefined ? undefined : nameOf(validated.name)
  const context = validated.context === 'capture' ? host.captureContext() : undefined
  definition.claim()
  const holder = name === undefined ? undefined : runtime.names.get(name)
  if (name !== undefined && holder !== undefined) throw new NameTakenError(name, `${holder.kind} ${holder.id}`)
  const { started } = launchProcess(definition, runtime, { name, parent: parentIn(runtime), context })
  return started as Promise<ProcessRef> as Promise<Ref>
}

/** How a process that is launched stands to others. */
interface LaunchOptions {
  readonly name?: string | undefined
  readonly parent?: Linkable | undefined
  readonly context?: RunInContext | undefined
}

/** Brings a process into being, whose name is free; it sets up in its first turn, and `started` settles then. */
export function launchProcess(
  definition: Definition,
  runtime: ProcessRuntime,
  { name, parent, context }: LaunchOptions = {},
): { readonly reference: ProcessReference; readonly started: Promise<ProcessReference> } {
  watchEnd(runtime)
  const process = new Process(runtime, definition.kind, name, parent, context)
  const reference = definition.createReference(process)
  process.reference = reference
  process.behaviour = definition.createBehaviour(process)
  runtime.processes.set(process.id, process)
  if (name !== undefined) runtime.names.set(name, process)
  if (parent !== undefined) link(parent, process)
  const started = new Promise<ProcessReference>((resolve, reject) => {
    process.startup = {
      resolve: () => resolve(reference),
      reject: (cause) => reject(startError(reference, cause)),
    }
  })
  process.schedule()
  return { reference, started }
}

function startError({ label }: ProcessReference, cause: ExitCause): unknown {
  if (cause instanceof IgnoredStart) return new StartIgnoredError(label)
  return cause instanceof InvalidStart ? cause.reason : new StartError(label, cause.reason)
}
