import { createHook } from 'node:async_hooks'
import { attach, broadcastDispatcher, consumer, type Dispatcher, producer, producerConsumer, startLink, to } from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'

/*
 * What can be counted of the way of events: the same number in every run, on every machine. The bounds are what it takes
 * today; whoever makes it less may lower them.
 */

/** What it took to bring events through, each divided by the batches that there were. */
interface Cost {
  /** Turns of a process: each is a visit to the run queue, and begins by taking a message out of a mailbox. */
  readonly turns: number
  /** Calls of `handleDemand` and `handleEvents`. */
  readonly callbacks: number
  /** Messages that ask. */
  readonly asks: number
  readonly promises: number
}

const EVENTS = 100_000

const Numbers = (dispatcher?: Dispatcher<number>) =>
  producer(() => {
    let next = 0
    return {
      ...(dispatcher && { dispatcher, demand: 'accumulate' }),
      handleDemand(demand) {
        return Array.from({ length: Math.min(demand, EVENTS - next) }, () => next++)
      },
    }
  })

/** Starts stages, and runs them until nobody has anything left to do; counts as far as all have been started. */
async function costOf(
  batches: number,
  start: (runtime: TestRuntime, got: (events: readonly number[]) => void) => Promise<{ go: () => void }>,
): Promise<Cost> {
  const runtime = testRuntime({ stepped: true, freezeBatches: false })
  let received = 0
  const { go } = await runtime.settle(
    start(runtime, (events) => {
      received += events.length
    }),
  )
  await runtime.settle()
  let callbacks = 0
  let asks = 0
  let promises = 0
  const count = () => void callbacks++
  attach({ 'batch.handled': count, 'demand.handled': count, 'demand.sent': () => void asks++ }, { runtime })
  const hook = createHook({ init: (_id, type) => void (type === 'PROMISE' && promises++) }).enable()
  const before = runtime.steps
  go()
  while (runtime.step(1_000) > 0);
  hook.disable()
  console.log({received, turns: (runtime.steps - before) / batches, callbacks: callbacks / batches, asks: asks / batches, promises})
  return { turns: (runtime.steps - before) / batches, callbacks: callbacks / batches, asks: asks / batches, promises }
}

describe('x', () => {
  test.each([[1000, 500, 500], [1, 0, 1], [10, 5, 5]])('linear', async (maxDemand, minDemand, batch) => {
    await costOf(EVENTS / batch, async (runtime, got) => {
      const source = await startLink(producer(() => { let next = 0; return { demand: 'accumulate' as const, handleDemand: (demand: number) => Array.from({ length: Math.min(demand, EVENTS - next) }, () => next++) } }), { runtime })
      const middle = await startLink(producerConsumer({ subscribeTo: [to(source, { maxDemand, minDemand })], handleEvents: (events: readonly number[]) => events }), { runtime })
      await startLink(consumer({ subscribeTo: [to(middle, { maxDemand, minDemand })], handleEvents: got }), { runtime })
      return { go: () => source.demand('forward') }
    })
  })
})
