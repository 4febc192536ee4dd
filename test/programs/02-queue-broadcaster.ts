import { broadcastDispatcher, consumer, type From, named, producer, type RefOf, startLink } from 'genstage'

const QueueBroadcaster = () => {
  const queue: { from: From<'ok'>; event: string }[] = []
  let pending = 0

  const dispatchEvents = () => {
    const taken = queue.splice(0, pending)
    pending -= taken.length
    for (const { from } of taken) from.reply('ok')
    return taken.map(({ event }) => event)
  }

  return producer({
    dispatcher: broadcastDispatcher<string>(),
    handleCall: {
      notify(event: string, from: From<'ok'>) {
        queue.push({ from, event })
        return { events: dispatchEvents() }
      },
    },
    handleDemand(demand) {
      pending += demand
      return dispatchEvents()
    },
  })
}

const broadcaster = named<RefOf<typeof QueueBroadcaster>>('broadcaster')
/** Sends an event and returns only after the event is dispatched. */
const syncNotify = (event: string, timeout = 5000) => broadcaster.call('notify', event, { timeout })

const Printer = (id: number) =>
  consumer({
    subscribeTo: [broadcaster],
    handleEvents(events: readonly string[]) {
      for (const event of events) console.log(id, event)
    },
  })

await startLink(QueueBroadcaster(), { name: broadcaster })
for (const id of [1, 2, 3, 4]) await startLink(Printer(id))
const ok = await syncNotify('hello world')
console.log(ok)

export { broadcaster, ok, QueueBroadcaster }

await new Promise((r) => setTimeout(r, 20))
process.exit(0)
