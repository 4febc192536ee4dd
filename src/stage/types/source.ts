import type { ProducerRef, produces, subscribeOptions } from './references.ts'
import type { SubscribeOptions } from './subscription.ts'

/**
 * What a stage that handles events of type `In` can subscribe to: a producer of them, or `to(producer, options)`.
 *
 * A producer whose dispatcher requires options, such as `partition`, is accepted only as `to(producer, options)`.
 */
export type Source<In> =
  | (ProducerRef<In> & { readonly [subscribeOptions]?: (options: {}) => void })
  | SourceWithOptions<In>

/** A producer together with the options of a subscription to it, as `to` returns it. */
export interface SourceWithOptions<out Out> {
  readonly [produces]: Out
  /** The producer. */
  readonly producer: ProducerRef<Out>
  /** The options of the subscription, including those that the producer's dispatcher reads. */
  readonly options: SubscribeOptions
}
