import { type CancelReason, consumer, type ProducerRef, producer, type Subscription, to } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, launch, rejection, timings } from './test-stages.ts'

describe.each(timings)('resubscribing, with %s callbacks', (_name, later) => {
  const watching = (received: unknown[]) =>
    producer({
      handleDemand: later((demand: number): number[] => {
        received.push(demand)
        return []
      }),
      handleSubscribe: later((_role: 'consumer', { metadata }: { readonly metadata?: unknown }) => {
        received.push(['subscribed', metadata])
      }),
      handleCancel: later((reason: CancelReason) => {
        received.push(reason)
      }),
      handleCast: { emit: later((events: readonly number[]) => events) },
    })

  test('to the same producer cancels and subscribes there in one step', async () => {
    await shuffled(50, async (runtime) => {
      const received: unknown[] = []
      const seen: number[] = []
      const source = await launch(runtime, watching(received))
      const sink = await launch(runtime, collecting(later, seen))
      const first = await sink.subscribe(source, { maxDemand: 10, cancel: 'temporary', metadata: 1 })
      await runtime.settle()
      const second = await sink.resubscribe(first, 'new options', source, { maxDemand: 3, metadata: 2 })
      await runtime.settle()
      expect(received).toEqual([['subscribed', 1], 10, { cancel: 'new options' }, ['subscribed', 2]])
      expect(second.tag).not.toBe(first.tag)
      source.cast('emit', [1, 2])
      await runtime.settle()
      expect(seen).toEqual([1, 2])
      await sink.stop()
    })
  })

  test('to another producer cancels at the old one', async () => {
    await shuffled(50, async (runtime) => {
      const [before, after]: [unknown[], unknown[]] = [[], []]
      const seen: number[] = []
      const [old, fresh] = await Promise.all([launch(runtime, watching(before)), launch(runtime, watching(after))])
      const sink = await launch(runtime, collecting(later, seen))
      const first = await sink.subscribe(old, { cancel: 'temporary', metadata: 1 })
      await runtime.settle()
      await sink.resubscribe(first, 'better', fresh, { metadata: 2 })
      await runtime.settle()
      expect([before, after]).toEqual([
        [['subscribed', 1], 1_000, { cancel: 'better' }],
        [['subscribed', 2], 1_000],
      ])
      old.cast('emit', [1])
      fresh.cast('emit', [2])
      await runtime.settle()
      expect(seen).toEqual([2])
      await sink.stop()
    })
  })

  test('stops the consumer when the subscription is permanent', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, watching([]))
    const sink = await launch(runtime, collecting(later, []))
    const first = await sink.subscribe(source, { cancel: 'permanent' })
    await sink.resubscribe(first, 'shutdown', source, { cancel: 'permanent', confirm: false })
    expect(await sink.exited).toBe('shutdown')
  })

  test('replaces a subscription that has ended, and refuses what is not a subscription', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const source = await launch(runtime, watching(received))
    const sink = await launch(runtime, collecting(later, []))
    const first = await sink.subscribe(source, { cancel: 'temporary', metadata: 1 })
    first.cancel()
    await runtime.settle()
    await sink.resubscribe(first, 'again', source, { metadata: 2 })
    await runtime.settle()
    expect(received).toEqual([['subscribed', 1], 1_000, { cancel: 'normal' }, ['subscribed', 2]])
    for (const wrong of [undefined, null, {}, { tag: first.tag }, first.tag, source]) {
      const error = await rejection(sink.resubscribe(wrong as Subscription, 'x', source))
      expect(error).toBeInstanceOf(TypeError)
    }
    await sink.stop()
  })

  test('refuses a subscription of another stage', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const source = await launch(runtime, watching(received))
    const [sink, stranger] = await Promise.all([
      launch(runtime, collecting(later, [])),
      launch(runtime, collecting(later, [])),
    ])
    const first = await sink.subscribe(source, { metadata: 1 })
    await runtime.settle()
    const error = await rejection(stranger.resubscribe(first, 'mine now', source))
    expect(error).toBeInstanceOf(TypeError)
    await runtime.settle()
    expect(received).toEqual([['subscribed', 1], 1_000])
    await Promise.all([sink.stop(), stranger.stop()])
  })

  test('is the same from inside', async () => {
    const runtime = testRuntime()
    const [before, after]: [unknown[], unknown[]] = [[], []]
    const [old, fresh] = await Promise.all([launch(runtime, watching(before)), launch(runtime, watching(after))])
    const sink = await launch(
      runtime,
      consumer((stage) => {
        let subscription = stage.subscribe(to(old, { cancel: 'temporary', metadata: 1 }))
        return {
          handleEvents: later((_events: readonly number[]) => {}),
          handleInfo: later((producer: ProducerRef<number>) => {
            subscription = stage.resubscribe(subscription, 'moving', to(producer, { cancel: 'temporary', metadata: 2 }))
          }),
        }
      }),
    )
    await runtime.settle()
    sink.send(old)
    await runtime.settle()
    sink.send(fresh)
    await runtime.settle()
    expect(before).toEqual([['subscribed', 1], 1_000, { cancel: 'moving' }, ['subscribed', 2], { cancel: 'moving' }])
    expect(after).toEqual([['subscribed', 2], 1_000])
  })
})
