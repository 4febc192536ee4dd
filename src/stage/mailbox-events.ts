import type { Ring } from '../base/ring.ts'
import type { Message } from '../process/message.ts'

/** How many events lie in a mailbox. */
export function countEvents(mailbox: Ring<Message>): number {
  let count = 0
  for (let index = 0; index < mailbox.length; index++) {
    const message = mailbox.at(index)
    if (message?.kind === 'events') count += (message.body as readonly unknown[]).length
  }
  return count
}
