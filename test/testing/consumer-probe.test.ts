import {
  broadcastDispatcher,
  fromIterable,
  named,
  type ProducerRef,
  partitionDispatcher,
  producer,
  SubscriptionRefusedError,
  start,
} from 'genstage'
import {
  type ConsumerProbe,
  consumerProbe,
  counter,
  ExpectationError,
  producerProbe,
  testRuntime,
} from 'genstage/testing'
import { describe, expect, test } from 'vitest'

async function subscribed(): Promise<{ readonly probe: ConsumerProbe<number>; readonly numbers: ProducerRef<number> }> {
  const runtime = testRuntime()
  const numbers = await start(counter(), { runtime })
  const probe = consumerProbe<number>(runtime, { name: 'sink' })
  await probe.subscribe(numbers)
  return { probe, numbers }
}

describe('a consumer probe', () => {
  test('asks for nothing by itself, and then for what the test asks for', async () => {
    const { probe } = await subscribed()
    await probe.expectNothing()
    probe.ask(2)
    await probe.expectEvents([0, 1])
    await probe.expectNothing()
    probe.ask(1)
    probe.ask(2)
    await probe.expectEvents([2, 3, 4])
    expect(probe.events).toEqual([0, 1, 2, 3, 4])
  })

  test('works where nothing runs by itself', async () => {
    const runtime = testRuntime({ stepped: true })
    const probe = consumerProbe<string>(runtime)
    await probe.subscribe(await runtime.settle(start(fromIterable(['a', 'b']), { runtime })))
    probe.ask(1)
    runtime.step()
    expect(probe.events).toEqual([])
    await probe.expectEvents(['a'])
  })

  test('sees how its subscription ends: cancelled, or with the producer', async () => {
    const { probe, numbers } = await subscribed()
    probe.cancel()
    await probe.expectCancelled('normal')
    await probe.subscribe(numbers)
    await numbers.stop(new Error('boom'))
    await probe.expectCancelled(new Error('boom'))
    await probe.expectNothing()
  })

  test('sees that it is refused', async () => {
    const runtime = testRuntime()
    const probe = consumerProbe<number>(runtime)
    const dispatcher = partitionDispatcher({ partitions: 2 })
    const numbers = await start(producer({ dispatcher, handleDemand: () => [] as number[] }), { runtime })
    await probe.subscribe(numbers, { partition: 0 })
    await expect(probe.subscribe(numbers, { partition: 0 })).rejects.toThrow(SubscriptionRefusedError)
    await probe.expectCancelled('partition-taken')
  })

  test('may have several subscriptions, and asks of each', async () => {
    const runtime = testRuntime()
    const probe = consumerProbe<number>(runtime)
    const first = await probe.subscribe(await start(counter(0), { runtime }))
    await probe.subscribe(await start(counter(100), { runtime }))
    probe.ask(1)
    await probe.expectEvents([100])
    first.ask(1)
    await probe.expectEvents([0])
  })

  test('can be handed to others, by its name too', async () => {
    const runtime = testRuntime()
    const source = producerProbe<number>(runtime, { name: 'source' })
    const probe = consumerProbe<number>(runtime)
    await probe.subscribe(named<ProducerRef<number>>('source', { runtime }))
    await source.expectSubscriber()
    expect(probe.ref.id).toBe((await runtime.settle(Promise.resolve(probe.ref))).id)
    expect(() => consumerProbe(runtime, { name: 'source' })).toThrow("the name 'source' is already taken")
  })
})

describe('what a consumer probe did not expect fails', () => {
  test.each<[string, (probe: ConsumerProbe<number>) => Promise<void>, string]>([
    [
      'an event that is another',
      (probe) => probe.expectEvents([0, 1, 3]),
      'expected probe consumer sink to receive 3 events [0, 1, 3], got 3 events [0, 1, 2]: ' +
        'expected 3 at index 2, got 2',
    ],
    [
      'an event too few',
      (probe) => probe.expectEvents([0, 1, 2, 3]),
      'expected probe consumer sink to receive 4 events [0, 1, 2, 3], got 3 events [0, 1, 2]: ' +
        'expected 3 at index 3, got nothing',
    ],
    [
      'an event too many',
      (probe) => probe.expectEvents([0, 1]),
      'expected probe consumer sink to receive 2 events [0, 1], got 3 events [0, 1, 2]: ' +
        'expected nothing at index 2, got 2',
    ],
    [
      'events where nothing was expected',
      (probe) => probe.expectNothing(),
      'expected probe consumer sink to receive nothing, got: [0, 1, 2]',
    ],
    [
      'an end that does not come',
      (probe) => probe.expectCancelled(),
      'expected the subscription of probe consumer sink to have ended, got: no end',
    ],
  ])('%s', async (_what, expecting, message) => {
    const { probe } = await subscribed()
    probe.ask(3)
    await expect(expecting(probe)).rejects.toMatchObject({ message })
    // What failed was not spoken of.
    await probe.expectEvents([0, 1, 2])
  })

  test('an end that comes for another reason, or unexpectedly', async () => {
    const { probe, numbers } = await subscribed()
    await numbers.stop('shutdown')
    await expect(probe.expectEvents([0])).rejects.toThrow(
      /got nothing; a subscription has ended with reason 'shutdown'$/,
    )
    await expect(probe.expectNothing()).rejects.toThrow(
      "to receive nothing, got: []; a subscription has ended with reason 'shutdown'",
    )
    await expect(probe.expectCancelled('normal')).rejects.toThrow(
      "expected the subscription of probe consumer sink to have ended with reason 'normal', got: 'shutdown'",
    )
    await probe.expectCancelled('shutdown')
    await probe.expectNothing()
  })

  test('with an error that shows both sides, for a test framework to compare', async () => {
    const { probe } = await subscribed()
    probe.ask(1)
    const error = await probe.expectEvents([7]).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(ExpectationError)
    expect(error).toMatchObject({ code: 'GENSTAGE_EXPECTATION', expected: [7], actual: [0] })
  })

  test('and so does asking before subscribing, or in a runtime of another kind', async () => {
    const probe = consumerProbe(testRuntime())
    expect(() => probe.ask(1)).toThrow(/^expected probe consumer g\d+\.1 to be subscribed before it asks$/)
    expect(() => probe.cancel()).toThrow('before it cancels')
    expect(() => consumerProbe({ id: 'g1' } as never)).toThrow('expected runtime to be one made by testRuntime, got:')
    expect(() => consumerProbe(testRuntime(), { title: 'sink' } as never)).toThrow("got: 'title'")
  })
})

test('a consumer probe is typed by its events', async () => {
  const runtime = testRuntime()
  const probe = consumerProbe<string>(runtime)
  const numbers = await start(counter(), { runtime })
  const both = consumerProbe<string | number>(runtime)
  await both.subscribe(numbers)
  // @ts-expect-error -- it takes strings, and these are numbers
  await probe.subscribe(numbers)
  // @ts-expect-error -- no such event can come
  await expect(probe.expectEvents([1])).rejects.toThrow()
  const dispatcher = partitionDispatcher({ partitions: 2 })
  const partitioned = await start(producer({ dispatcher, handleDemand: () => ['a'] }), { runtime })
  // @ts-expect-error -- the dispatcher demands a partition
  await expect(probe.subscribe(partitioned)).rejects.toThrow(SubscriptionRefusedError)
  const shared = producerProbe(runtime, { dispatcher: broadcastDispatcher<string>() })
  await probe.subscribe(shared.ref, { selector: (event: string) => event !== '' })
})
