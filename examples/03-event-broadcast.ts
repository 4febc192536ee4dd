// Every event goes to every consumer, and its sender gets a reply once it has been sent to all of them.
import { broadcastDispatcher, consumer, type From, producer, startLink } from 'genstage'

const QueueBroadcaster = () => {
  const queue: { readonly event: string; readonly from: From<'dispatched'> }[] = []
  let demand = 0

  const dispatchEvents = () => {
    const due = queue.splice(0, demand)
    demand -= due.length
    for (const { from } of due) from.reply('dispatched')
    return due.map(({ event }) => event)
  }

  return producer({
    demand: 'accumulate', // until all consumers of the first event have subscribed
    dispatcher: broadcastDispatcher<string>(),
    handleCall: {
      // The result has no `reply`: the reply may be sent much later.
      notify(event: string, from: From<'dispatched'>) {
        queue.push({ event, from })
        return { events: dispatchEvents() }
      },
    },
    handleDemand(more) {
      demand += more
      return dispatchEvents()
    },
  })
}

const Printer = (id: number) =>
  consumer({
    handleEvents(events: readonly string[]) {
      for (const event of events) console.log(`printer ${id}: ${event}`)
    },
  })

const broadcaster = await startLink(QueueBroadcaster())
const first = broadcaster.call('notify', 'sent without subscribers')
const printers = [await startLink(Printer(1)), await startLink(Printer(2))]
for (const printer of printers) await printer.subscribe(broadcaster)
console.log('both have subscribed')
broadcaster.demand('forward')
console.log('the first was', await first)
console.log('the second was', await broadcaster.call('notify', 'sent with two subscribers'))
await broadcaster.drain()

/* prints:
both have subscribed
printer 2: sent without subscribers
printer 1: sent without subscribers
the first was dispatched
printer 2: sent with two subscribers
printer 1: sent with two subscribers
the second was dispatched
*/
