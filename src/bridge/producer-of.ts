import { isReference } from '../process/reference.ts'
import { defaultRuntime, type ProcessRuntime } from '../process/runtime.ts'
import { runtimeOfName } from '../stage/handles/named.ts'
import { requestFromSource } from '../stage/subscription/subscribe-request.ts'
import { ProducerWithOptions } from '../stage/subscription/to.ts'
import type { Source } from '../stage/types/source.ts'

/**
 * The producer of a source, a reference or a name token.
 *
 * @throws {TypeError} If it is a stage that emits nothing: who subscribes to that waits for ever.
 */
export function producerOf(source: unknown): unknown {
  const producer = source instanceof ProducerWithOptions ? source.producer : source
  if (isReference(producer) && 'info' in producer && !('demand' in producer)) {
    throw new TypeError(`expected a producer to subscribe to, got ${producer.label}, which emits nothing`)
  }
  return producer
}

/** The runtime that a producer belongs to, or where its name is looked up. */
export function runtimeOf(producer: unknown): ProcessRuntime {
  return isReference(producer) ? producer.runtime : (runtimeOfName(producer) ?? defaultRuntime)
}

/**
 * Checks a source that is to be subscribed to later.
 *
 * @throws {TypeError | RangeError} If it is no producer, or was given with wrong options.
 */
export function expectSource(source: unknown): Source<unknown> {
  requestFromSource(runtimeOf(producerOf(source)), source)
  return source as Source<unknown>
}
