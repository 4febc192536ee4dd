// Setup functions that must compile, and what is inferred from them. Compiled by `npm run types`, never run.
import {
  type AcceptsOptions,
  broadcastDispatcher,
  type Callable,
  type ConsumerCallbacks,
  type ConsumerContext,
  type ConsumerRef,
  consumer,
  type Down,
  type Exit,
  type ExitReason,
  type ProducerCallbacks,
  type ProducerConsumerRef,
  type ProducerContext,
  type ProducerRef,
  producer,
  producerConsumer,
  type Stage,
  type SubscriberHandle,
  type Subscription,
  start,
  startLink,
  to,
} from 'genstage'
import { exactly } from '../equal.ts'

type Row = { id: number; name: string }
declare const connect: (url: string, signal: AbortSignal) => Promise<{ take(count: number): Promise<Row[]> }>

// An async setup function with branches that start nothing.
const Rows = (url: string) =>
  producer(async ({ signal }) => {
    if (url === '') return 'ignore'
    const database = await connect(url, signal)
    if (signal.aborted) return { stop: 'shutdown' }
    return {
      dispatcher: broadcastDispatcher<Row>(),
      bufferSize: 100,
      bufferKeep: 'first',
      demand: 'accumulate',
      handleDemand: (demand) => database.take(demand),
      handleCall: { url: () => ({ reply: url }) },
    }
  })
const rows = await startLink(Rows('database'))
exactly<ProducerRef<Row> & AcceptsOptions<{ selector?: (event: Row) => boolean }> & Callable<{ url: () => string }>>()(
  rows,
)
exactly<string>()(await rows.call('url'))
to(rows, { selector: (row) => row.id > 1 })

// A synchronous one.
const names = await startLink(
  producerConsumer(({ self }) => {
    if (self.name === undefined) return 'ignore'
    return { handleEvents: (events: readonly Row[]) => events.map((row) => row.name) }
  }),
)
exactly<ProducerConsumerRef<Row, string>>()(names)

// Every form of result, together: events, none, stop with events, later.
const mixed = await startLink(
  producer({
    handleDemand(demand) {
      if (demand > 3) return []
      if (demand > 2) return { stop: 'normal' }
      if (demand > 1) return { stop: 'normal', events: [1] }
      return [1]
    },
  }),
)
exactly<ProducerRef<number>>()(mixed)
exactly<ProducerRef<number>>()(
  await startLink(
    producer({
      async handleDemand(demand) {
        if (demand > 1) return { stop: new Error('no more') }
        return [demand]
      },
      handleInfo: (event: number) => [event],
      handleCancel: (_reason, from) => {
        exactly<SubscriberHandle>()(from)
      },
    }),
  ),
)

// An instance of a class as callbacks, without a base class.
class Counter implements ProducerCallbacks<number> {
  next = 0
  readonly stage: ProducerContext
  constructor(stage: ProducerContext) {
    this.stage = stage
  }
  handleDemand(demand: number) {
    return Array.from({ length: demand }, () => this.next++)
  }
  inspect() {
    return { next: this.next }
  }
}
exactly<ProducerRef<number>>()(await startLink(producer((stage) => new Counter(stage))))

class Printer implements ConsumerCallbacks<string> {
  readonly stage: ConsumerContext
  constructor(stage: ConsumerContext) {
    this.stage = stage
  }
  async handleEvents(events: readonly string[]) {
    await Promise.resolve(events)
  }
}
exactly<ConsumerRef<string>>()(await start(consumer((stage) => new Printer(stage))))

// Generic stages.
const Mapped = <In, Out>(change: (event: In) => Out) =>
  producerConsumer({ handleEvents: (events: readonly In[]) => events.map((event) => change(event)) })
exactly<ProducerConsumerRef<string, number>>()(await startLink(Mapped((text: string) => text.length)))
const Cycle = <Item>(items: readonly Item[]): Stage<ProducerRef<Item>> => producer({ handleDemand: () => items })
exactly<ProducerRef<'a' | 'b'>>()(await startLink(Cycle<'a' | 'b'>(['a', 'b'])))

// What a stage can do from inside.
consumer((stage) => {
  const first = stage.subscribe(to(rows, { maxDemand: 1 }))
  exactly<Subscription>()(first)
  stage.resubscribe(first, 'normal', names)
  const timer = stage.sendAfter('tick', 100)
  const watch = stage.monitor(rows)
  stage.link(rows)
  stage.unlink(rows)
  stage.info('after what is buffered')
  return {
    trapExit: true,
    async handleEvents(_events: readonly Row[], from) {
      exactly<ProducerRef<number>>()(await stage.startLink(producer((inner) => new Counter(inner))))
      timer.cancel()
      watch.cancel()
      from.ask(1)
      from.cancel('shutdown')
    },
    handleInfo(message: 'tick' | Down | Exit) {
      if (message === 'tick') return undefined
      exactly<Down | Exit>()(message)
      return 'down' in message ? undefined : { stop: message.reason }
    },
    handleCancel(reason, from) {
      exactly<Subscription>()(from)
      return 'cancel' in reason ? { stop: reason.cancel } : undefined
    },
    terminate: async (reason) => exactly<ExitReason>()(reason),
  }
})
producer(({ demand }) => ({
  handleDemand: () => [],
  handleInfo: () => demand('forward'),
  formatDiscarded: (count) => count > 10,
}))

// Operations on references.
exactly<'forward' | 'accumulate'>()(await mixed.demand())
exactly<void>()(mixed.demand('forward'))
exactly<number>()(await names.estimateBufferedCount({ timeout: 10 }))
exactly<void>()(await names.info('message'))
exactly<ExitReason>()(await names.exited)
await names.stop('shutdown', { timeout: 10 })
names.exit('kill')
names.send({ any: 'message' })
await using disposed = mixed
exactly<string>()(disposed.id)
