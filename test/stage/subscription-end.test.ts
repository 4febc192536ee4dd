import { type CancelReason, consumer, type ExitReason, fromIterable, type Subscription } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, emittingOnRequest, launch, range, timings } from './test-stages.ts'

describe.each(timings)('the end of a subscription, with %s callbacks', (_name, later) => {
  const boom = new Error('boom')
  const ends: readonly (readonly [
    cancel: 'permanent' | 'transient' | 'temporary',
    reason: ExitReason,
    stops: boolean,
  ])[] = [
    ['permanent', 'normal', true],
    ['permanent', 'shutdown', true],
    ['permanent', boom, true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', false],
    ['transient', { shutdown: 'why' }, false],
    ['transient', boom, true],
    ['transient', 'other', true],
    ['temporary', 'normal', false],
    ['temporary', boom, false],
  ]

  test.each(ends)(
    'that is %s, by a cancellation with reason %j, stops the consumer: %s',
    async (cancel, reason, stops) => {
      const runtime = testRuntime()
      const received: unknown[] = []
      const source = await launch(runtime, emittingOnRequest(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((_events: readonly number[]) => {}),
          handleCancel: later((why: CancelReason, { tag }: Subscription) => {
            received.push([why, tag])
          }),
          terminate: later((why: ExitReason) => {
            received.push(why)
          }),
        }),
      )
      const subscription = await sink.subscribe(source, { cancel })
      subscription.cancel(reason)
      await runtime.settle()
      expect(received).toEqual([[{ cancel: reason }, subscription.tag], ...(stops ? [reason] : [])])
      if (stops) expect(await sink.exited).toBe(reason)
      else await sink.stop()
      expect(await source.demand()).toBe('forward')
    },
  )

  test.each(ends)(
    'that is %s, by the producer’s end with reason %j, stops the consumer: %s',
    async (cancel, reason, stops) => {
      const runtime = testRuntime()
      const received: unknown[] = []
      const source = await launch(runtime, emittingOnRequest(later))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((_events: readonly number[]) => {}),
          handleCancel: later((why: CancelReason) => {
            received.push(why)
          }),
        }),
      )
      await sink.subscribe(source, { cancel })
      await source.stop(reason)
      await runtime.settle()
      expect(received).toEqual([{ down: reason }])
      if (stops) expect(await sink.exited).toBe(reason)
      else await sink.stop()
    },
  )

  test('comes after the events that were sent before it, and no events follow', async () => {
    await shuffled(50, async (runtime) => {
      const order: unknown[] = []
      const source = await launch(runtime, fromIterable(range(0, 30)))
      const sink = await launch(
        runtime,
        consumer({
          handleEvents: later((events: readonly number[]) => {
            order.push(...events)
          }),
          handleCancel: later(() => {
            order.push('end')
          }),
        }),
      )
      await sink.subscribe(source, { maxDemand: 7, cancel: 'temporary' })
      await runtime.settle()
      expect(order).toEqual([...range(0, 30), 'end'])
    })
  })

  test('can stop the stage through handleCancel', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(later))
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleCancel: later(() => ({ stop: 'because' })),
      }),
    )
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    subscription.cancel()
    expect(await sink.exited).toBe('because')
  })

  test('makes its handle inactive', async () => {
    const runtime = testRuntime()
    const demands: number[] = []
    const source = await launch(runtime, emittingOnRequest(later, demands))
    const sink = await launch(runtime, collecting(later, []))
    const subscription = await sink.subscribe(source, { cancel: 'temporary' })
    subscription.cancel()
    await runtime.settle()
    subscription.ask(7)
    subscription.cancel()
    await runtime.settle()
    expect(demands).toEqual([1_000])
    await sink.stop()
    subscription.ask(7)
    subscription.cancel()
    await runtime.settle()
    expect(await source.demand()).toBe('forward')
  })

  test('comes immediately when the producer has exited already', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const source = await launch(runtime, emittingOnRequest(later))
    await source.stop()
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((_events: readonly number[]) => {}),
        handleCancel: later((why: CancelReason) => {
          received.push(why)
        }),
      }),
    )
    await sink.subscribe(source, { cancel: 'temporary' })
    await runtime.settle()
    expect(received).toEqual([{ down: 'normal' }])
    await sink.subscribe(source)
    expect(await sink.exited).toBe('normal')
  })
})
