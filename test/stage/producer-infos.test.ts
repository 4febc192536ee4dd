import { consumer, producer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, counting, type LogRecord, launch, recording, timings } from './test-stages.ts'

describe.each(timings)('messages to a producer, with %s callbacks', (_name, later) => {
  test('by info are handled after all buffered events, those by send before', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        handleDemand: later((): number[] => []),
        handleCast: { emit: later((events: readonly number[]) => events) },
        handleInfo: later((message: unknown) => {
          order.push(message)
        }),
      }),
    )
    source.cast('emit', [1, 2, 3])
    await source.info('after 3')
    source.cast('emit', [4])
    await source.info('after 4')
    source.send('sent')
    await runtime.settle()
    expect(order).toEqual(['sent'])
    const sink = await launch(
      runtime,
      consumer({
        handleSubscribe: () => 'manual',
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    )
    const subscription = await sink.subscribe(source)
    subscription.ask(2)
    await runtime.settle()
    expect(order).toEqual(['sent', 1, 2])
    subscription.ask(1)
    await runtime.settle()
    expect(new Set(order.slice(3))).toEqual(new Set([3, 'after 3']))
    subscription.ask(1)
    await runtime.settle()
    expect(new Set(order.slice(5))).toEqual(new Set([4, 'after 4']))
    await source.info('at once')
    await runtime.settle()
    expect(order.at(-1)).toBe('at once')
  })

  test('by info can be queued by the stage itself', async () => {
    const runtime = testRuntime()
    const messages: unknown[] = []
    const source = await launch(
      runtime,
      producer(({ info }) => {
        info('from setup')
        return {
          handleDemand: later((): number[] => [1]),
          handleCast: {
            emit: later((events: readonly number[]) => {
              info(`after ${events.length}`)
              return events
            }),
          },
          handleInfo: later((message: unknown) => {
            messages.push(message)
          }),
        }
      }),
    )
    await runtime.settle()
    expect(messages).toEqual(['from setup'])
    source.cast('emit', [1, 2])
    await runtime.settle()
    expect(messages).toEqual(['from setup'])
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { maxDemand: 2, minDemand: 0, cancel: 'temporary' })
    await runtime.settle()
    expect(messages).toEqual(['from setup', 'after 2'])
  })

  test('by info do not wait for events that are held back by the demand mode, as in GenStage', async () => {
    const runtime = testRuntime()
    const order: unknown[] = []
    const source = await launch(
      runtime,
      producer({
        demand: 'accumulate',
        handleDemand: later((): number[] => []),
        handleCast: { emit: later((events: readonly number[]) => events) },
        handleInfo: later((message: unknown) => {
          order.push(message)
        }),
      }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents: later((events: readonly number[]) => {
          order.push(...events)
        }),
      }),
    )
    await sink.subscribe(source)
    source.cast('emit', [1, 2])
    await source.info('after nothing')
    await runtime.settle()
    source.demand('forward')
    await runtime.settle()
    expect(order).toEqual(['after nothing', 1, 2])
  })

  test('are logged when there is no handleInfo, and the stage continues', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, counting(later, 1), { name: 'numbers' })
    source.send('hello')
    await source.info('hello')
    await runtime.settle()
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: producer numbers discarded a message: no handleInfo',
      'warn: producer numbers discarded a message: no handleInfo',
    ])
    expect(await source.estimateBufferedCount()).toBe(0)
  })
})
