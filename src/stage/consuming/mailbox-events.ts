import type { Ring } from '../../base/collections/ring.ts'
import type { Message } from '../../process/message.ts'
import type { ProcessReference } from '../../process/reference.ts'

/** Counts the events in a mailbox. */
export function countEvents(mailbox: Ring<Message>): number {
  let count = 0
  for (let index = 0; index < mailbox.length; index++) {
    const message = mailbox.at(index)
    if (message?.kind === 'events') count += (message.body as readonly unknown[]).length
  }
  return count
}

/** The labels of the producers whose events a consumer may still hold: those it has, and those of the events in its mailbox. */
export function originsOf(mailbox: Ring<Message>, producers: Iterable<ProcessReference>): string[] {
  const labels = new Set<string>()
  for (const producer of producers) labels.add(producer.label)
  for (let index = 0; index < mailbox.length; index++) {
    const message = mailbox.at(index)
    if (message?.kind === 'events') labels.add((message.from as ProcessReference).label)
  }
  return [...labels]
}
