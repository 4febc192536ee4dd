import {
  broadcastDispatcher,
  consumer,
  ExitError,
  named,
  type ProducerRef,
  producer,
  producerConsumer,
  SubscriptionRefusedError,
  TimeoutError,
} from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, emittingOnRequest, gate, launch, rejection, timings } from './test-stages.ts'

describe.each(timings)('a confirmed subscription, with %s callbacks', (_name, later) => {
  test('resolves once the producer has accepted it', async () => {
    const runtime = testRuntime()
    const admitting = gate()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: () => admitting.opened }),
    )
    const sink = await launch(runtime, collecting(later, []))
    let isConfirmed = false
    const confirming = sink.subscribe(source, { confirm: true }).then(() => {
      isConfirmed = true
    })
    await sink.subscribe(source, { cancel: 'temporary', confirm: false })
    await runtime.settle()
    expect(isConfirmed).toBe(false)
    admitting.open()
    await confirming
  })

  test('rejects with the reason when it is refused', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({ dispatcher: broadcastDispatcher<number>(), handleDemand: later((): number[] => []) }),
      { name: 'numbers' },
    )
    const sink = await launch(runtime, collecting(later, []), { name: 'sink' })
    await sink.subscribe(source, { confirm: true })
    const error = await rejection(sink.subscribe(source, { confirm: true }))
    expect([error.constructor, error.code, error.reason]).toEqual([
      SubscriptionRefusedError,
      'GENSTAGE_SUBSCRIPTION_REFUSED',
      'already-subscribed',
    ])
    expect(error.message).toBe(
      'producer numbers refused the subscription of consumer sink: the consumer is already subscribed, and can receive each event only once',
    )
    await sink.stop()
  })

  test('rejects when the producer exits before it accepts, or has exited', async () => {
    await shuffled(50, async (runtime) => {
      const source = await launch(
        runtime,
        producer({
          handleDemand: later((): number[] => []),
          handleSubscribe: later(() => ({ stop: 'no' })),
        }),
      )
      const sink = await launch(runtime, collecting(later, []))
      const error = await rejection(sink.subscribe(source, { confirm: true, cancel: 'temporary' }))
      expect([error.constructor, error.reason]).toEqual([SubscriptionRefusedError, 'no'])
      const late = await rejection(sink.subscribe(source, { confirm: true, cancel: 'temporary' }))
      expect([late.constructor, late.reason]).toEqual([SubscriptionRefusedError, 'noproc'])
      await sink.stop()
    })
  })

  test('rejects when the consumer exits before it is accepted', async () => {
    const runtime = testRuntime()
    const never = gate()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: () => never.opened }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const confirming = rejection(sink.subscribe(source, { confirm: true }))
    await runtime.settle()
    sink.exit('enough')
    const error = await confirming
    expect([error.constructor, error.reason]).toEqual([ExitError, 'enough'])
    never.open()
  })

  test('rejects when the producer does not accept it in time', async () => {
    const runtime = testRuntime()
    const never = gate()
    const source = await launch(
      runtime,
      producer({ handleDemand: later((): number[] => []), handleSubscribe: () => never.opened }),
    )
    const sink = await launch(runtime, collecting(later, []))
    const confirming = rejection(sink.subscribe(source, { confirm: true, timeout: 30 }))
    await runtime.advance(29)
    await runtime.advance(1)
    expect((await confirming).constructor).toBe(TimeoutError)
    never.open()
    await runtime.settle()
    await sink.stop()
  })

  test('rejects when no process has the name', async () => {
    const runtime = testRuntime()
    const unknown = named<ProducerRef<number>>('unknown', { runtime })
    const bearing = await launch(runtime, collecting(later, []))
    const error = await rejection(bearing.subscribe(unknown, { confirm: true, cancel: 'temporary' }))
    expect([error.constructor, error.reason]).toEqual([SubscriptionRefusedError, 'noproc'])
    await bearing.stop()
    const strict = await launch(runtime, collecting(later, []))
    const fatal = await rejection(strict.subscribe(unknown, { confirm: true, cancel: 'permanent' }))
    expect([fatal.constructor, fatal.reason]).toEqual([SubscriptionRefusedError, 'noproc'])
    expect(await strict.exited).toBe('noproc')
  })

  test('hides from callbacks the empty batch that confirms it', async () => {
    await shuffled(50, async (runtime) => {
      const batches: unknown[] = []
      const source = await launch(runtime, emittingOnRequest(later))
      for (const mode of ['manual', 'automatic'] as const) {
        const both = producerConsumer({
          handleSubscribe: later((role: 'producer' | 'consumer') => (role === 'producer' ? mode : undefined)),
          handleEvents: later((events: readonly number[]) => {
            batches.push(events)
            return []
          }),
        })
        const sinkOnly = consumer({
          handleSubscribe: later(() => mode),
          handleEvents: later((events: readonly number[]) => {
            batches.push(events)
          }),
        })
        const [middle, sink] = await Promise.all([launch(runtime, both), launch(runtime, sinkOnly)])
        await middle.subscribe(source, { confirm: true })
        await sink.subscribe(source, { confirm: true })
        await sink.subscribe(middle, { confirm: true })
      }
      await runtime.settle()
      expect(batches).toEqual([])
    })
  })
})
