import { expectOneOf } from '../../base/options/expect-one-of.ts'
import { quote } from '../../base/quote.ts'
import { request } from '../../process/call.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import { Message } from '../../process/message.ts'
import type { Process } from '../../process/process.ts'
import type { CallOptions } from '../../process/process-ref.ts'
import { isReference, ProcessReference } from '../../process/reference.ts'
import type { UserRequest } from '../callback/find-handler.ts'
import { subscribeRequest, tagToCancel } from '../subscription/subscribe-request.ts'
import type { DemandMode } from '../types/references.ts'
import type { Subscription } from '../types/subscription.ts'

/** The keys of call options. A single argument of a call that has only these keys is read as its options. */
const CALL_OPTION_KEYS = new Set(['timeout', 'signal'])

/** Sends a call to a `handleCall`, on behalf of `caller` if a stage makes it. */
export function callStage(
  target: ProcessReference,
  kind: PropertyKey,
  rest: readonly unknown[],
  caller?: Process,
): Promise<unknown> {
  const options = rest.length > 1 ? rest[1] : isCallOptions(rest[0]) ? rest[0] : undefined
  const argument: UserRequest = { kind, arguments: rest.slice(0, 1) }
  const operation = `call ${describeKind(kind)} to ${target.label}`
  return request(target, 'call', argument, operation, options as CallOptions | undefined, caller)
}

/** The kind of a call as an error prints it; any value may have been given for it. */
export function describeKind(kind: unknown): string {
  return typeof kind === 'string' ? `'${kind}'` : quote(kind)
}

function isCallOptions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => CALL_OPTION_KEYS.has(key))
}

/** The reference operations that every stage has. */
class StageReference extends ProcessReference {
  async info(message: unknown, options?: CallOptions): Promise<void> {
    return request(this, 'queue-info', message, `info to ${this.label}`, options)
  }

  /**
   * Sends a call: its kind, the request, and the options.
   *
   * A single argument with no other keys than `timeout` and `signal` is read as the options. The handler receives it
   * all the same: a handler without parameters does not see it.
   */
  call(kind: PropertyKey, ...rest: unknown[]): Promise<unknown> {
    return callStage(this, kind, rest)
  }

  cast(kind: PropertyKey, ...rest: unknown[]): void {
    this.deliver(new Message('cast', '', undefined, { kind, arguments: rest.slice(0, 1) } satisfies UserRequest))
  }
}

/** The reference to a producer. */
export class ProducerReference extends StageReference {
  /** Not part of the type: reports the mistake to callers without types that subscribe the wrong way round. */
  async subscribe(consumer: unknown): Promise<never> {
    const other = isReference(consumer) ? consumer.label : quote(consumer)
    throw new TypeError(
      `expected a stage that handles events to subscribe, got ${this.label}, which emits them: call subscribe on the ` +
        `consumer, and pass it the producer (got: ${other})`,
    )
  }

  demand(options?: CallOptions): Promise<DemandMode>
  demand(mode: DemandMode): void
  demand(modeOrOptions?: DemandMode | CallOptions): Promise<DemandMode> | undefined {
    return demandOf(this, modeOrOptions)
  }

  async estimateBufferedCount(options?: CallOptions): Promise<number> {
    return countBuffered(this, options)
  }
}

/** The reference to a consumer. */
export class ConsumerReference extends StageReference {
  async subscribe(producer: unknown, options?: object): Promise<Subscription> {
    return subscribeStage(this, producer, options, undefined)
  }

  async resubscribe(
    subscription: Subscription,
    reason: ExitReason,
    producer: unknown,
    options?: object,
  ): Promise<Subscription> {
    return subscribeStage(this, producer, options, { tag: tagToCancel(subscription, this), reason })
  }
}

/** The reference to a producer-consumer. */
export class ProducerConsumerReference extends ConsumerReference {
  demand(options?: CallOptions): Promise<DemandMode>
  demand(mode: DemandMode): void
  demand(modeOrOptions?: DemandMode | CallOptions): Promise<DemandMode> | undefined {
    return demandOf(this, modeOrOptions)
  }

  async estimateBufferedCount(options?: CallOptions): Promise<number> {
    return countBuffered(this, options)
  }
}

function demandOf(target: StageReference, modeOrOptions: unknown): Promise<DemandMode> | undefined {
  if (modeOrOptions === undefined || (typeof modeOrOptions === 'object' && modeOrOptions !== null)) {
    return request(target, 'read-demand-mode', undefined, `demand of ${target.label}`, modeOrOptions)
  }
  target.deliver(
    new Message('set-demand-mode', '', undefined, expectOneOf('demand', modeOrOptions, ['forward', 'accumulate'])),
  )
  return undefined
}

function countBuffered(target: StageReference, options: CallOptions | undefined): Promise<number> {
  return request(target, 'count-buffered', undefined, `estimateBufferedCount of ${target.label}`, options)
}

function subscribeStage(
  consumer: StageReference,
  producer: unknown,
  options: unknown,
  cancelFirst: { readonly tag: string; readonly reason: ExitReason } | undefined,
): Promise<Subscription> {
  const argument = subscribeRequest(consumer.runtime, producer, options, cancelFirst)
  const operation = `subscribe ${consumer.label}`
  const { timeout = 5_000 } = argument.valid
  return request(consumer, 'subscribe-call', argument, operation, { timeout })
}
