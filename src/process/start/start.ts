import { host } from '#host'
import { NameTakenError, StageEndedError, StartError, StartIgnoredError } from '../../base/errors.ts'
import { ExitCause } from '../exit/exit-cause.ts'
import { type Linkable, link } from '../exit/link.ts'
import { Process } from '../process.ts'
import type { LaunchOptions, ProcessRecord } from '../process-record.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { ProcessReference } from '../reference.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime } from '../runtime.ts'
import { watchEnd } from '../unfinished/watch-end.ts'
import { type Definition, expectDefinition } from './definition.ts'
import { nameOf } from './name-of.ts'
import { startOptions } from './start-options.ts'
import type { Stage, StartOptions } from './start-types.ts'

/** The end of a process whose setup function returned `'ignore'`. */
export class IgnoredStart extends ExitCause {
  constructor(origin: string) {
    super('normal', origin)
  }
}

/** The end of a process with wrong callbacks or options. The start rejects with that error unchanged. */
export class InvalidStart extends ExitCause {}

/**
 * Starts a stage linked to the program: if the stage fails, the program fails with a `StageFailure`, once per cause.
 *
 * Resolves with the reference once the stage is set up. The name is taken before the setup function runs, and messages
 * that are sent in the meantime wait in the mailbox. A start that fails leaves no name, timer or link.
 *
 * @throws {TypeError} (as a rejection) If the argument is not a stage, or a stage that was started before.
 * @throws {NameTakenError} If the name belongs to another stage.
 * @throws {StartIgnoredError} If the setup function returned `'ignore'`.
 * @throws {StartError} If the setup function threw or returned `{ stop }`, or if the stage was ended before it was set up.
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
 * Starts a stage without a link: if it fails, that is one line in the log.
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
  starter: ProcessRecord,
  stage: Stage<Ref>,
  options?: StartOptions<NoInfer<Ref>>,
): Promise<Ref> {
  if (starter.status === 'ended') {
    throw new StageEndedError('startLink', starter.label, starter.reference.exitReason)
  }
  return startProcess(stage, options, () => starter, starter.runtime)
}

/**
 * Starts a process, linked to what `parentIn` returns. The promise settles once the process is set up, or has failed.
 *
 * @param home The runtime of the parent, which must be that of the process, because links do not reach into another
 *   runtime. Default: the option `runtime`.
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
    throw new TypeError(`expected runtime to be that of the starter, ${home.id}, or to be omitted, got: ${runtime.id}`)
  }
  const name = validated.name === undefined ? undefined : nameOf(validated.name)
  const context = validated.context === 'capture' ? host.captureContext() : undefined
  definition.claim()
  const holder = name === undefined ? undefined : runtime.names.get(name)
  if (name !== undefined && holder !== undefined) throw new NameTakenError(name, `${holder.kind} ${holder.id}`)
  const { started } = launchProcess(definition, runtime, { name, parent: parentIn(runtime), context })
  return started as Promise<ProcessRef> as Promise<Ref>
}

/** Creates a process whose name is free. It sets up in its first turn, when `started` settles. */
export function launchProcess(
  definition: Definition,
  runtime: ProcessRuntime,
  options: LaunchOptions = {},
): { readonly reference: ProcessReference; readonly started: Promise<ProcessReference> } {
  const { name, parent } = options
  watchEnd(runtime)
  const process = new Process(runtime, definition.kind, options)
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
