import { consumer, producer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { collecting, counting, type LogRecord, launch, recording, timings } from './test-stages.ts'

describe.each(timings)('messages to a producer, with callbacks that answer %s', (_name, later) => {
  test('by info come behind all that is buffered, those by send before', async () => {
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
    await source.info('behind 3')
    source.cast('emit', [4])
    await source.info('behind 4')
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
    expect(new Set(order.slice(3))).toEqual(new Set([3, 'behind 3']))
    subscription.ask(1)
    await runtime.settle()
    expect(new Set(order.slice(5))).toEqual(new Set([4, 'behind 4']))
    await source.info('at once')
    await runtime.settle()
    expect(order.at(-1)).toBe('at once')
  })

  test('by info are queued from inside, too', async () => {
    const runtime = testRuntime()
    const messages: unknown[] = []
    const source = await launch(
      runtime,
      producer(({ info }) => {
        info('from set-up')
        return {
          handleDemand: later((): number[] => [1]),
          handleCast: {
            emit: later((events: readonly number[]) => {
              info(`behind ${events.length}`)
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
    expect(messages).toEqual(['from set-up'])
    source.cast('emit', [1, 2])
    await runtime.settle()
    expect(messages).toEqual(['from set-up'])
    const sink = await launch(runtime, collecting(later, []))
    await sink.subscribe(source, { maxDemand: 2, minDemand: 0, cancel: 'temporary' })
    await runtime.settle()
    expect(messages).toEqual(['from set-up', 'behind 2'])
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
    await source.info('behind nothing')
    await runtime.settle()
    source.demand('forward')
    await runtime.settle()
    expect(order).toEqual(['behind nothing', 1, 2])
  })

  test('to one without handleInfo are logged, and hurt nobody', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const source = await launch(runtime, counting(later, 1), { name: 'numbers' })
    source.send('hello')
    await source.info('hello')
    await runtime.settle()
    expect(records.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: producer numbers has no handleInfo, and received a message',
      'warn: producer numbers has no handleInfo, and received a message',
    ])
    expect(await source.estimateBufferedCount()).toBe(0)
  })
})
