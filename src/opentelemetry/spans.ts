import {
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api'
import { describeReason } from '../base/errors.ts'
import { isError } from '../base/is-error.ts'
import type { Measurements, Metadata } from '../telemetry/telemetry-events.ts'
import { attributesOf, errorAttributes } from './attributes.ts'

/** The most links of a span: the SDK keeps no more by default. */
const MOST_LINKS = 128

/** Returns the span in which an event was created. Never throws. */
export type OriginOf = (event: unknown) => SpanContext | undefined

/** Creates and ends the span of a batch that has been handled. */
export function spanOfBatch(
  tracer: Tracer,
  { size, duration }: Measurements<'batch.handled'>,
  { consumer, tag, events, error }: Metadata<'batch.handled'>,
  originOf: OriginOf | undefined,
): Span {
  const end = Date.now()
  const span = tracer.startSpan(`handle ${consumer.name ?? consumer.kind}`, {
    startTime: end - duration,
    links: originOf === undefined ? [] : linksOf(events, originOf),
    attributes: {
      ...attributesOf(consumer),
      ...errorAttributes(error),
      'genstage.stage.id': consumer.id,
      'genstage.subscription': tag,
      'genstage.batch.size': size,
    },
  })
  if (error !== undefined) {
    recordException(span, error, end)
    span.setStatus({ code: SpanStatusCode.ERROR, message: describeReason(error) })
  }
  span.end(end)
  return span
}

/** Records an error; as text if its properties cannot be read. */
function recordException(span: Span, error: unknown, time: number): void {
  try {
    span.recordException(isError(error) ? error : describeReason(error), time)
  } catch {
    span.recordException(describeReason(error), time)
  }
}

/** Links to the spans in which events were created: each span once, in the order of the events. */
function linksOf(events: readonly unknown[], originOf: OriginOf): Link[] {
  const links = new Map<string, Link>()
  for (const event of events) {
    const origin = originOf(event)
    if (origin === undefined || !isSpanContextValid(origin)) continue
    links.set(`${origin.traceId}${origin.spanId}`, { context: origin })
    if (links.size === MOST_LINKS) break
  }
  return [...links.values()]
}
