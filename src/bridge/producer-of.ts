import { isReference } from '../process/reference.ts'
import { defaultRuntime, type ProcessRuntime } from '../process/runtime.ts'
import { runtimeOfName } from '../stage/handles/named.ts'
import { requestFromSource } from '../stage/subscription/subscribe-request.ts'
import { ProducerWithOptions } from '../stage/subscription/to.ts'
import type { Source } from '../stage/types/source.ts'

/**
 * Returns the producer of a source: a reference or a name token.
 *
 * @throws {TypeError} If it is a stage that emits no events: a subscriber of it would wait forever.
 */
export function producerOf(source: unknown): unknown {
  const producer = source instanceof ProducerWithOptions ? source.producer : source
  if (isReference(producer) && 'info' in producer && !('demand' in producer)) {
    throw new TypeError(`expected a producer to subscribe to, got ${producer.label}, which emits no events`)
  }
  return producer
}

/** The runtime that a producer belongs to, or in which its name is looked up. */
export function runtimeOf(producer: unknown): ProcessRuntime {
  return isReference(producer) ? producer.runtime : (runtimeOfName(producer) ?? defaultRuntime)
}

/**
 * Checks a source to which a stage will subscribe later.
 *
 * @throws {TypeError | RangeError} If it is not a producer, or was given with wrong options.
 */
export function expectSource(source: unknown): Source<unknown> {
  requestFromSource(runtimeOf(producerOf(source)), source)
  return source as Source<unknown>
}
