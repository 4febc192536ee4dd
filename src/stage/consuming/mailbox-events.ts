import type { Mailbox } from '../../process/mailbox/mailbox.ts'
import type { Message } from '../../process/message.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { EventsMessage } from '../protocol.ts'
import { Upstream } from './upstream.ts'

/** Calls a function with each batch of events in a mailbox, and its producer. */
function forEachBatch(mailbox: Mailbox, visit: (events: readonly unknown[], producer: ProcessReference) => void): void {
  mailbox.forEach((target, body) => {
    if (target instanceof Upstream) visit(body as readonly unknown[], target.producer)
    else if (target === undefined && (body as Message).kind === 'events') {
      const message = body as EventsMessage
      visit(message.body, message.from as ProcessReference)
    }
  })
}

/** Counts the events in a mailbox. */
export function countEvents(mailbox: Mailbox): number {
  let count = 0
  forEachBatch(mailbox, (events) => {
    count += events.length
  })
  return count
}

/** The labels of the producers whose events a consumer may still hold: those it has, and those of the events in its mailbox. */
export function originsOf(mailbox: Mailbox, producers: Iterable<ProcessReference>): string[] {
  const labels = new Set<string>()
  for (const producer of producers) labels.add(producer.label)
  forEachBatch(mailbox, (_events, producer) => labels.add(producer.label))
  return [...labels]
}
