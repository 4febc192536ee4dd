import { NoProcessError, StageEndedError } from '../../base/errors.ts'
import { expectOneOf } from '../../base/options/expect-one-of.ts'
import { quote } from '../../base/quote.ts'
import { signalOf } from '../../process/abort-signal.ts'
import { ExitCause } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { link, unlink } from '../../process/exit/link.ts'
import type { AbortSignalLike } from '../../process/host/abort-signal-like.ts'
import { Message } from '../../process/message.ts'
import { monitor } from '../../process/monitor.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import { type ProcessReference, resolveReference } from '../../process/reference.ts'
import { nameOf } from '../../process/start/name-of.ts'
import { startLinkedTo } from '../../process/start/start.ts'
import type { Stage, StartOptions } from '../../process/start/start-types.ts'
import { waitIn } from '../each/wait-in.ts'
import { requestFromSource, type SubscribeRequest, tagToCancel } from '../subscription/subscribe-request.ts'
import { SubscriptionHandle } from '../subscription/subscription-handle.ts'
import type { ConsumerContext, Monitor, ProducerContext, Timer } from '../types/context.ts'
import type { DemandMode, StageRef } from '../types/references.ts'
import type { Source } from '../types/source.ts'
import type { Subscription } from '../types/subscription.ts'
import { callStage, describeKind } from './stage-references.ts'

/**
 * The context that a setup function receives: the operations of a stage on itself.
 *
 * All operations are own properties, so that they can be destructured and spread: `({ signal, sendAfter }) => …`. All
 * contexts share one getter of `signal`, because a getter for each would give each context its own hidden class.
 */
export class LiveStageContext implements ProducerContext, ConsumerContext {
  readonly #process: Process
  readonly self: StageRef
  declare readonly signal: AbortSignalLike

  constructor(process: Process) {
    this.#process = process
    this.self = process.reference as unknown as StageRef
    Object.defineProperty(this, 'signal', LiveStageContext.#signal)
  }

  static readonly #signal = {
    enumerable: true,
    get(this: LiveStageContext): AbortSignalLike {
      return signalOf(this.#process)
    },
  }

  #liveProcess(operation: string): Process {
    const process = this.#process
    if (process.status !== 'ended') return process
    throw new StageEndedError(operation, process.label, process.reference.exitReason)
  }

  readonly sendAfter = (message: unknown, ms: number): Timer => sendAfter(this.#liveProcess('sendAfter'), message, ms)

  readonly info = (message: unknown): void =>
    this.#liveProcess('info').deliver(new Message('queue-info-self', '', undefined, message))

  readonly call = ((target: unknown, kind: PropertyKey, ...rest: unknown[]) => {
    const reply = callFrom((operation) => this.#liveProcess(operation), target, kind, rest)
    // When the stage exits, its pending calls reject. If no code awaits them any more, that is not an unhandled
    // rejection.
    reply.catch(() => {})
    return reply
  }) as ProducerContext['call']

  readonly startLink = async <Ref extends ProcessRef>(
    stage: Stage<Ref>,
    options?: StartOptions<NoInfer<Ref>>,
  ): Promise<Ref> => startLinkedTo(this.#liveProcess('startLink'), stage, options)

  readonly monitor = (target: ProcessRef): Monitor => monitorFor(this.#liveProcess('monitor'), target)

  readonly link = (target: ProcessRef): void => linkTo(this.#liveProcess('link'), target)

  readonly unlink = (target: ProcessRef): void => unlinkFrom(this.#liveProcess('unlink'), target)

  readonly demand = (mode: DemandMode): void => setDemand(this.#liveProcess('demand'), mode)

  readonly subscribe = (source: Source<unknown>): Subscription =>
    subscribe(this.#liveProcess('subscribe'), source, undefined)

  readonly resubscribe = (subscription: Subscription, reason: ExitReason, source: Source<unknown>): Subscription => {
    const process = this.#liveProcess('resubscribe')
    return subscribe(process, source, { tag: tagToCancel(subscription, process.reference), reason })
  }
}

function sendAfter(process: Process, message: unknown, ms: number): Timer {
  if (typeof ms !== 'number') throw new TypeError(`expected ms to be a number of milliseconds, got: ${quote(ms)}`)
  if (!(ms >= 0)) throw new RangeError(`expected ms to be at least 0, got: ${quote(ms)}`)
  if (ms === Number.POSITIVE_INFINITY) return { cancel() {} }
  return waitIn(process, ms, () => process.deliver(new Message('message', '', undefined, message)))
}

async function callFrom(
  liveProcess: (operation: string) => Process,
  target: unknown,
  kind: PropertyKey,
  rest: readonly unknown[],
): Promise<unknown> {
  const caller = liveProcess('call')
  const reference = resolveReference(target, caller.runtime, 'a stage to call')
  if (reference === undefined)
    throw new NoProcessError(`call ${describeKind(kind)}`, `the process named ${nameOf(target)}`)
  return callStage(reference, kind, rest, caller)
}

function monitorFor(process: Process, target: ProcessRef): Monitor {
  const reference = expectReference(process, target, 'monitor')
  return monitor(process, reference, 'down', '')
}

function linkTo(process: Process, target: ProcessRef): void {
  const reference = expectReference(process, target, 'link to')
  const other = reference.process
  if (other !== undefined) link(process, other)
  else process.signalExit(undefined, new ExitCause('noproc', reference.label), reference)
}

function unlinkFrom(process: Process, target: ProcessRef): void {
  const other = resolveReference(target, process.runtime, 'a process to unlink from')?.process
  if (other !== undefined) unlink(process, other)
}

/** The process of a reference or a name. */
function expectReference(process: Process, target: ProcessRef, what: string): ProcessReference {
  const reference = resolveReference(target, process.runtime, `a process to ${what}`)
  if (reference === undefined) throw new NoProcessError(what, `the process named ${nameOf(target)}`)
  return reference
}

function setDemand(process: Process, mode: DemandMode): void {
  const valid = expectOneOf('demand', mode, ['forward', 'accumulate'])
  process.deliver(new Message('set-demand-mode', '', undefined, valid))
}

/** Subscribes from inside: by a message of the stage to itself, because a callback may be running. */
function subscribe(
  process: Process,
  source: unknown,
  cancelFirst: { readonly tag: string; readonly reason: ExitReason } | undefined,
): Subscription {
  const request = requestFromSource(process.runtime, source, cancelFirst)
  const handle = new SubscriptionHandle(request.tag, process.reference)
  process.deliver(new Message('subscribe-self', '', undefined, { ...request, handle } satisfies SubscribeRequest))
  return handle
}
