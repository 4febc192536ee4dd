import { broadcastDispatcher, type ConsumerRef, consumer, partitionDispatcher, start } from 'genstage'
import {
  collector,
  consumerProbe,
  hangingConsumer,
  type ProducerProbe,
  producerProbe,
  testRuntime,
} from 'genstage/testing'
import { describe, expect, test } from 'vitest'

interface Scene {
  readonly probe: ProducerProbe<number>
  readonly sink: ConsumerRef<number>
  readonly seen: number[]
}

async function scene(maxDemand: number): Promise<Scene> {
  const runtime = testRuntime()
  const seen: number[] = []
  const probe = producerProbe<number>(runtime, { name: 'source' })
  const sink = await start(collector(seen), { runtime })
  await sink.subscribe(probe.ref, { maxDemand, cancel: 'temporary' })
  return { probe, sink, seen }
}

describe('a producer probe', () => {
  test('sees its subscribers, their options, and how much is asked for', async () => {
    const { probe, sink } = await scene(10)
    const { subscriber, options } = await probe.expectSubscriber()
    expect(subscriber.consumer).toBe(sink.id)
    expect(options).toMatchObject({ maxDemand: 10 })
    await probe.expectDemand(10)
    await probe.expectNothing()
  })

  test('emits, and sees what is asked for once that is handled', async () => {
    const { probe, seen } = await scene(10)
    await probe.expectDemand(10)
    probe.emit([1, 2, 3, 4])
    await probe.expectDemand(0)
    expect(probe.pendingDemand).toBe(6)
    probe.emit([5])
    await probe.expectDemand(5)
    expect(seen).toEqual([1, 2, 3, 4, 5])
  })

  test('buffers events without demand', async () => {
    const { probe, seen } = await scene(2)
    await probe.expectDemand(2)
    probe.emit([1, 2, 3, 4, 5])
    await probe.expectDemand(2)
    expect(seen).toEqual([1, 2, 3, 4, 5])
    expect(probe.pendingDemand).toBe(2)
  })

  test('does not freeze what it emits, though batches are frozen', async () => {
    const { probe } = await scene(2)
    const events = [1, 2]
    probe.emit(events)
    await probe.expectDemand(4)
    events.push(3)
    expect(events).toEqual([1, 2, 3])
  })

  test('sees how subscriptions end', async () => {
    const { probe, sink } = await scene(2)
    await sink.stop('shutdown')
    await probe.expectCancelled('shutdown')
  })

  test('stops with the reason that it is given', async () => {
    const runtime = testRuntime()
    const probe = producerProbe<number>(runtime)
    const sink = await start(collector<number>([]), { runtime })
    await sink.subscribe(probe.ref)
    await probe.stop(new Error('boom'))
    expect(await sink.exited).toEqual(new Error('boom'))
  })

  test('takes a dispatcher, and passes its options to subscribers', async () => {
    const runtime = testRuntime()
    const dispatcher = partitionDispatcher({
      partitions: ['odd', 'even'],
      hash: (event: number) => [event, event % 2 === 0 ? 'even' : 'odd'],
    })
    const probe = producerProbe(runtime, { dispatcher })
    const [odd, even] = [consumerProbe<number>(runtime), consumerProbe<number>(runtime)]
    await odd.subscribe(probe.ref, { partition: 'odd' })
    await even.subscribe(probe.ref, { partition: 'even' })
    const { options } = await probe.expectSubscriber()
    const partition: 'odd' | 'even' = options.partition
    expect(partition).toBe('odd')
    odd.ask(2)
    even.ask(2)
    probe.emit([1, 2, 3])
    await odd.expectEvents([1, 3])
    await even.expectEvents([2])
  })

  test('shows that a hanging consumer asks for no more', async () => {
    const runtime = testRuntime()
    const probe = producerProbe<number>(runtime)
    const sink = await start(hangingConsumer<number>(), { runtime })
    await sink.subscribe(probe.ref, { maxDemand: 4 })
    await probe.expectDemand(4)
    probe.emit([1, 2, 3, 4])
    await probe.expectDemand(0)
  })
})

describe('what a producer probe did not expect fails', () => {
  test('demand', async () => {
    const { probe } = await scene(3)
    await expect(probe.expectDemand(4)).rejects.toMatchObject({
      message: 'expected probe producer source to be asked for 4 events, got: 3',
    })
    await expect(probe.expectNothing()).rejects.toThrow(
      /^expected probe producer source to receive no demand, got: 3; it has new subscribers: \['g\d+\.2'\]$/,
    )
    await probe.expectDemand(3)
  })

  test('a missing subscriber, or one too many', async () => {
    const { probe } = await scene(3)
    await probe.expectDemand(3)
    await expect(probe.expectNothing()).rejects.toThrow('got: 0; it has new subscribers')
    await probe.expectSubscriber()
    await expect(probe.expectSubscriber()).rejects.toMatchObject({
      message: 'expected probe producer source to have a new subscriber, got: none',
    })
  })

  test('an end', async () => {
    const { probe, sink } = await scene(3)
    await probe.expectDemand(3)
    await probe.expectSubscriber()
    await expect(probe.expectCancelled('normal')).rejects.toThrow("ended with reason 'normal', got: no end")
    sink.exit('kill')
    await expect(probe.expectNothing()).rejects.toThrow("got: 0; a subscription has ended with reason 'killed'")
    await expect(probe.expectCancelled('normal')).rejects.toThrow("with reason 'normal', got: 'killed'")
    await probe.expectCancelled('killed')
    await probe.expectNothing()
  })
})

test('a producer probe is typed by its events', async () => {
  const runtime = testRuntime()
  const probe = producerProbe<string>(runtime)
  // @ts-expect-error -- it emits strings
  probe.emit([1])
  const sink = await start(consumer({ handleEvents(_events: readonly number[]) {} }), { runtime })
  // @ts-expect-error -- it emits strings, and this takes numbers
  await sink.subscribe(probe.ref)
  const shared = producerProbe(runtime, { dispatcher: broadcastDispatcher<number>() })
  await sink.subscribe(shared.ref, { selector: (event: number) => event > 0 })
})
