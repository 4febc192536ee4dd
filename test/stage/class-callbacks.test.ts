import {
  attachTelemetry,
  consumer,
  type ExitReason,
  fromIterable,
  producer,
  producerConsumer,
  type Subscription,
} from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { asking } from '../bridge/test-stages.ts'
import { atOnce, collecting, counting, launch, range, rejection } from './test-stages.ts'

describe('the options of a class are read', () => {
  test('of a producer: which events it keeps, and whether it logs what it drops', async () => {
    const runtime = testRuntime()
    const reported: number[] = []
    class Numbers {
      bufferSize = 2
      bufferKeep = 'first' as const
      formatDiscarded = (count: number): boolean => {
        reported.push(count)
        return false
      }
      handleDemand(): number[] {
        return []
      }
      handleInfo(_message: unknown): { events: number[] } {
        return { events: range(0, 5) }
      }
    }
    const stage = await launch(runtime, producer(new Numbers()))
    stage.send('emit')
    await runtime.settle()
    const seen: unknown[] = []
    const sink = await launch(runtime, collecting(atOnce, seen))
    await sink.subscribe(stage)
    await runtime.settle()
    expect([seen, reported]).toEqual([[0, 1], [3]])
  })

  test('of a producer-consumer: what it does when its producer ends', async () => {
    const runtime = testRuntime()
    class Same {
      onProducerEnd = 'stop' as const
      handleEvents(events: readonly number[]): readonly number[] {
        return events
      }
    }
    const source = await launch(runtime, counting(atOnce, 5))
    const stage = await launch(runtime, producerConsumer(new Same()))
    await stage.subscribe(source, { maxDemand: 10, minDemand: 0 })
    const subscriptions: Subscription[] = []
    const sink = await launch(runtime, asking([], subscriptions))
    await sink.subscribe(stage, { cancel: 'temporary' })
    subscriptions[0]?.ask(1)
    await runtime.settle()
    // Four events are in its buffer, and no consumer has asked for them.
    await source.stop()
    expect(await runtime.settle(stage.exited)).toBe('normal')
  })

  test('of a consumer: whether it traps exits', async () => {
    const runtime = testRuntime()
    const reasons: ExitReason[] = []
    class Quiet {
      trapExit = true
      handleEvents(): void {}
      terminate(reason: ExitReason): void {
        reasons.push(reason)
      }
      handleInfo(message: unknown): void {
        reasons.push((message as { reason: ExitReason }).reason)
      }
    }
    const stage = await launch(runtime, consumer(new Quiet()))
    stage.exit('because')
    await runtime.settle()
    expect(reasons).toEqual(['because'])
    await stage.stop('shutdown')
    expect(reasons).toEqual(['because', 'shutdown'])
  })
})

test('a class may have a handleEnd and a subscribeAt', async () => {
  const calls: string[] = []
  class Collecting {
    readonly subscribeAt = 'first-consumer'
    handleEvents(events: readonly number[]): readonly number[] {
      return events
    }
    handleEnd(cause: string): readonly number[] {
      calls.push(cause)
      return [99]
    }
  }
  const runtime = testRuntime()
  const seen: unknown[] = []
  const stage = await launch(
    runtime,
    producerConsumer<number, number>(() => new Collecting() as never),
  )
  const sink = await launch(
    runtime,
    consumer({ handleEvents: (events: readonly number[]) => void seen.push(...events) }),
  )
  await sink.subscribe(stage)
  await stage.subscribe(await launch(runtime, fromIterable([1, 2])))
  await runtime.settle()
  expect([calls, seen]).toEqual([['end'], [1, 2, 99]])
})

test('callbacks may be in an object without a prototype', async () => {
  const seen: unknown[] = []
  const callbacks = Object.assign(Object.create(null) as object, {
    handleEvents: (events: readonly unknown[]) => void seen.push(...events),
  })
  const runtime = testRuntime()
  const stage = await launch(runtime, consumer(callbacks))
  await stage.subscribe(await launch(runtime, counting(atOnce, 3)))
  await runtime.settle()
  expect(seen).toEqual([0, 1, 2])
})

test('callbacks that are an array are refused', async () => {
  const refused = await rejection(launch(testRuntime(), consumer((() => []) as never)))
  expect(refused.message).toContain('[]')
})

test('asking for nothing sends nothing', async () => {
  const runtime = testRuntime()
  const demands: number[] = []
  const asked: number[] = []
  attachTelemetry({ 'demand.sent': ({ demand }) => void asked.push(demand) }, { runtime })
  const subscriptions: Subscription[] = []
  const sink = await launch(runtime, asking([], subscriptions))
  await sink.subscribe(await launch(runtime, counting(atOnce, 10, demands)))
  subscriptions[0]?.ask(0)
  await runtime.settle()
  subscriptions[0]?.ask(2)
  await runtime.settle()
  expect([asked, demands]).toEqual([[2], [2]])
})
