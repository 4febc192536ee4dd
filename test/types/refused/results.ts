// Results of callbacks that must not compile; refused.test.ts explains the comments.
import { consumer, type From, type ProducerRef, producer, producerConsumer, type Stage } from 'genstage'

// A forgotten return.
producer({
  // @ts-expect-error TS2322 at handleDemand: void and EmitResult<
  handleDemand(demand) {
    console.log(demand)
  },
})
producer({
  // @ts-expect-error TS2322 at handleDemand: Promise<void> and EmitResult<
  async handleDemand(demand) {
    await Promise.resolve(demand)
  },
})
producer({
  // @ts-expect-error TS2322 at (demand: undefined and EmitResult<number>
  handleDemand: (demand) => (demand > 1 ? [demand] : undefined),
})
producerConsumer({
  // @ts-expect-error TS2322 at handleEvents: void and EmitResult<
  handleEvents(events: readonly number[]) {
    events.map((event) => event * 2)
  },
})
producerConsumer({
  // @ts-expect-error TS2322 at handleEvents: Promise<void> and EmitResult<
  handleEvents: async (events: readonly number[]) => {
    events.map((event) => event * 2)
  },
})

// A consumer that returns events.
// @ts-expect-error TS2322 at handleEvents: number[] and ConsumeResult
consumer({ handleEvents: (events: readonly number[]) => events.map((event) => event * 2) })
// @ts-expect-error TS2322 at handleEvents: Promise<readonly number[]> and ConsumeResult
consumer({ handleEvents: async (events: readonly number[]) => events })
// @ts-expect-error TS2322 at handleInfo: number[] and OptionalEmitResult<never>
consumer({ handleEvents(_events: readonly number[]) {}, handleInfo: () => [1] })
// @ts-expect-error TS2322 at handleEvents: number[] and readonly never[]
consumer({ handleEvents: (events: readonly number[]) => ({ stop: 'normal', events: [events.length] }) })

// Changing a batch, which others may hold too.
consumer({
  handleEvents(events: readonly number[]) {
    // @ts-expect-error TS2339 at push: readonly number[]
    events.push(1)
    // @ts-expect-error TS2339 at reverse: readonly number[]
    events.reverse()
    // @ts-expect-error TS2542 at events[0]: only permits reading
    events[0] = 1
  },
})
// @ts-expect-error TS2322 at handleEvents: readonly number[] and mutable type 'number[]'
consumer({ handleEvents(_events: number[]) {} })
// @ts-expect-error TS2322 at handleEvents: readonly number[] and mutable type 'number[]'
producerConsumer({ handleEvents: (events: number[]) => events })

// Neither events nor a reply: a bare array could be meant as either.
producer({
  handleDemand: (demand) => [demand],
  // @ts-expect-error TS2322 at handleCall: number[] and CallResult<unknown, number>
  handleCall: { size: () => [1] },
})
producer({
  handleDemand: (demand) => [demand],
  // @ts-expect-error TS2322 at handleCast: { reply: number; } and OptionalEmitResult
  handleCast: { push: () => ({ reply: 1 }) },
})

// Other events than the rest of the stage emits.
producer({
  // @ts-expect-error TS2322 at demand: number and string
  handleDemand: (demand) => [demand],
  handleInfo: () => ['a'],
})
// @ts-expect-error TS2322 at words: ProducerRef<number> and ProducerRef<string>
export const words: Stage<ProducerRef<string>> = producer({ handleDemand: (demand) => [demand] })

// A reply of another type than is owed.
producer({
  handleDemand: (demand) => [demand],
  handleCall: {
    later(_: void, from: From<'ok'>) {
      // @ts-expect-error TS2345 at 'no': "no" and "ok"
      from.reply('no')
    },
  },
})

// Modes that there are not.
// @ts-expect-error TS2322 at handleSubscribe: "manual" and SubscribeResult<"automatic">
producer({ handleDemand: (demand) => [demand], handleSubscribe: () => 'manual' })
// @ts-expect-error TS2322 at handleSubscribe: "other" and SubscribeResult<
consumer({ handleEvents(_events: readonly number[]) {}, handleSubscribe: () => 'other' })
// @ts-expect-error TS2345 at () =>: "ignored"
consumer(() => (Math.random() > 2 ? 'ignored' : { handleEvents(_events: readonly number[]) {} }))
