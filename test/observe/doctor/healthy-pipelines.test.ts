import { describe, expect, test } from 'vitest'
import {
  broadcastDispatcher,
  consumerSupervisor,
  fromIterable,
  partitionDispatcher,
  producer,
  producerConsumer,
  start,
  stream,
  supervisor,
} from '../../../src/index.ts'
import { diagnose, healthy, observer, snapshot } from '../../../src/observe/snapshot/index.ts'
import { collector, counter, mapper, type TestRuntime, testRuntime } from '../../../src/testing/index.ts'
import { asking, broadcaster, slow, slowMapper, starterIn, ticking } from './pipelines.ts'

const small = { maxDemand: 10, minDemand: 5 }

/** Lets through so many events at intervals of so many milliseconds. */
function limiting(count: number, ms: number) {
  return producerConsumer<number, number>(({ sendAfter }) => {
    let ask = (): void => {}
    return {
      handleSubscribe(role, _options, from) {
        if (role === 'consumer') return 'automatic'
        ask = () => from.ask(count)
        sendAfter('more', 1)
        return 'manual'
      },
      handleEvents: (events: readonly number[]) => events,
      handleInfo() {
        ask()
        sendAfter('more', ms)
        return []
      },
    }
  })
}

type Begin = (runtime: TestRuntime) => Promise<unknown>

/** Each is well at every moment. */
const pipelines: Readonly<Record<string, Begin>> = {
  'with no stage at all': async () => {},

  'linear, and as fast as events come': async (runtime) => {
    const begin = starterIn(runtime)
    const middle = await begin('middle', slowMapper(runtime, 30))
    await (await begin('sink', slow(runtime, 10))).subscribe(middle, small)
    await middle.subscribe(await begin('ticks', ticking(3, 100)), small)
  },

  'linear, and idle but for its turns': async (runtime) => {
    const begin = starterIn(runtime)
    const middle = await begin(
      'middle',
      mapper((event: number) => event),
    )
    await (await begin('sink', collector<number>([]))).subscribe(middle)
    await middle.subscribe(await begin('ticks', ticking(500, 1_000)))
  },

  'a broadcast to consumers of one pace': async (runtime) => {
    const begin = starterIn(runtime)
    const source = await begin(
      'source',
      producer(({ sendAfter }) => {
        sendAfter('tick', 0)
        return {
          dispatcher: broadcastDispatcher<number>(),
          handleDemand: () => [],
          handleInfo() {
            sendAfter('tick', 500)
            return [1, 2, 3]
          },
        }
      }),
    )
    for (const name of ['one', 'two', 'three']) await (await begin(name, slow(runtime, 100))).subscribe(source, small)
  },

  'a broadcast without subscribers': async (runtime) => starterIn(runtime)('source', broadcaster()),

  'partitions that are evenly loaded': async (runtime) => {
    const begin = starterIn(runtime)
    const ticks = await begin('ticks', ticking(40, 1_000))
    const spread = await begin(
      'spread',
      producerConsumer({
        dispatcher: partitionDispatcher<number, number>({ partitions: 4, hash: (event) => [event, event % 4] }),
        handleEvents: (events: readonly number[]) => events,
      }),
    )
    for (const partition of [0, 1, 2, 3]) {
      await (await begin(`worker-${partition}`, slow(runtime, 50))).subscribe(spread, { partition, ...small })
    }
    await spread.subscribe(ticks)
  },

  'a consumer in manual mode that asks every five seconds': async (runtime) => {
    const begin = starterIn(runtime)
    await (await begin('limited', asking(5, 5_000))).subscribe(await begin('numbers', counter()))
  },

  'a producer-consumer in manual mode whose consumer does not ask': async (runtime) => {
    const begin = starterIn(runtime)
    const middle = await begin(
      'middle',
      producerConsumer({
        handleSubscribe: (role): 'manual' | 'automatic' => (role === 'producer' ? 'manual' : 'automatic'),
        handleEvents: (events: readonly number[]) => events,
      }),
    )
    await middle.subscribe(await begin('numbers', counter()))
  },

  'a consumer in manual mode that does not ask a source which is held back': async (runtime) => {
    const begin = starterIn(runtime)
    const held = producer({ demand: 'accumulate', handleDemand: (_demand: number): number[] => [] })
    await (await begin('silent', asking(1, Number.POSITIVE_INFINITY))).subscribe(await begin('held', held))
  },

  'a source that emits once an hour': async (runtime) => {
    const begin = starterIn(runtime)
    await (await begin('sink', collector<number>([]))).subscribe(await begin('hourly', ticking(1, 3_600_000)))
  },

  'an async iterable that waits long for its second item': async (runtime) => {
    const begin = starterIn(runtime)
    const items = async function* () {
      yield 1
      await runtime.sleep(100_000)
      yield 2
      await new Promise(() => {})
    }
    await (await begin('sink', collector<number>([]))).subscribe(await begin('items', fromIterable(items())))
  },

  'a source that has ended': async (runtime) => {
    const begin = starterIn(runtime)
    const sink = await begin('sink', collector<number>([]))
    await sink.subscribe(await begin('few', fromIterable([1, 2, 3])), { cancel: 'temporary' })
  },

  'a consumer supervisor whose children run': async (runtime) => {
    const begin = starterIn(runtime)
    const pool = await start(consumerSupervisor({ child: (_event: number) => runtime.sleep(60_000) }), {
      runtime,
      name: 'pool',
    })
    await pool.subscribe(await begin('numbers', counter()), { maxDemand: 3, minDemand: 1 })
  },

  'a supervised pipeline': async (runtime) => {
    const begin = starterIn(runtime)
    const source = await begin('ticks', ticking(1, 1_000))
    const sink = () => collector<number>([])
    const tree = supervisor({ strategy: 'one-for-one', children: [{ name: 'sink', start: sink }] })
    await start(tree, { runtime, name: 'tree' })
    await (await begin('other', sink())).subscribe(source)
  },

  'a producer-consumer that waits for demand': async (runtime) => {
    const begin = starterIn(runtime)
    const middle = await begin(
      'middle',
      mapper((event: number) => event),
    )
    await (await begin('limited', asking(1, 2_000))).subscribe(middle)
    await middle.subscribe(await begin('numbers', counter()), small)
  },

  'a stage that is busy nearly always, and keeps up': async (runtime) => {
    const begin = starterIn(runtime)
    await (await begin('sink', slow(runtime, 95))).subscribe(await begin('ticks', ticking(1, 100)))
  },

  'a chain in which each stage is busy most of the time, and keeps up': async (runtime) => {
    const begin = starterIn(runtime)
    const [one, two] = [await begin('one', slowMapper(runtime, 90)), await begin('two', slowMapper(runtime, 95))]
    await (await begin('sink', slow(runtime, 85))).subscribe(two, small)
    await two.subscribe(one, small)
    await one.subscribe(await begin('ticks', ticking(1, 100)), small)
  },

  'bursts that fill a buffer for a while': async (runtime) => {
    const begin = starterIn(runtime)
    const middle = await begin(
      'middle',
      mapper((event: number) => event),
    )
    await (await begin('sink', slow(runtime, 95))).subscribe(middle, small)
    await middle.subscribe(await begin('ticks', ticking(100, 12_000)), small)
  },

  'a burst that takes longer than the window, and then a long pause': async (runtime) => {
    const begin = starterIn(runtime)
    await (await begin('sink', slow(runtime, 50))).subscribe(await begin('ticks', ticking(500, 600_000)), small)
  },

  'a burst that a consumer has asked for, and handles for longer than the window': async (runtime) => {
    const begin = starterIn(runtime)
    const each = { maxDemand: 1_000, minDemand: 999 }
    await (await begin('sink', slow(runtime, 40))).subscribe(await begin('ticks', ticking(500, 600_000)), each)
  },

  'large batches with long pauses': async (runtime) => {
    const begin = starterIn(runtime)
    const [sink, ticks] = [await begin('sink', slow(runtime, 6)), await begin('ticks', ticking(1_000, 15_000))]
    // A batch that is as long as all that was observed of its stage proves nothing yet.
    await runtime.advance(4_000)
    await sink.subscribe(ticks, { maxDemand: 1_000, minDemand: 0 })
  },

  'a consumer that asks for one batch at a time': async (runtime) => {
    const begin = starterIn(runtime)
    const one = { maxDemand: 1, minDemand: 0 }
    await (await begin('sink', slow(runtime, 75))).subscribe(await begin('ticks', ticking(1, 100)), one)
  },

  'several sources into one consumer, which keeps up with all': async (runtime) => {
    const begin = starterIn(runtime)
    const sink = await begin('sink', slow(runtime, 30))
    for (const [name, ms] of [
      ['fast', 50],
      ['slow', 170],
      ['hourly', 3_600_000],
    ] as const) {
      await sink.subscribe(await begin(name, ticking(1, ms)), small)
    }
  },

  'several workers that share a source, each busy nearly always': async (runtime) => {
    const begin = starterIn(runtime)
    const ticks = await begin('ticks', ticking(3, 100))
    for (const name of ['a', 'b', 'c']) await (await begin(name, slow(runtime, 90))).subscribe(ticks, small)
  },

  'partitions of which one is busy nearly always': async (runtime) => {
    const begin = starterIn(runtime)
    const spread = await begin(
      'spread',
      producerConsumer({
        dispatcher: partitionDispatcher<number, number>({ partitions: 2, hash: (event) => [event, event % 2] }),
        handleEvents: (events: readonly number[]) => events,
      }),
    )
    for (const [partition, ms] of [
      [0, 95],
      [1, 10],
    ] as const) {
      await (await begin(`worker-${partition}`, slow(runtime, ms))).subscribe(spread, { partition, ...small })
    }
    await spread.subscribe(await begin('ticks', ticking(2, 100)))
  },

  'a stage that is held back by a reader outside': async (runtime) => {
    const begin = starterIn(runtime)
    const middle = await begin('middle', slowMapper(runtime, 90))
    await (await begin('reader', asking(1, 100))).subscribe(middle)
    await middle.subscribe(await begin('numbers', counter()), small)
  },

  'a stage downstream of one that limits the rate': async (runtime) => {
    const begin = starterIn(runtime)
    const limit = await begin('limit', limiting(10, 1_000))
    await (await begin('sink', slow(runtime, 95))).subscribe(limit, small)
    await limit.subscribe(await begin('numbers', counter()))
  },

  'a stage downstream of one that emits a lot, and then nothing for long': async (runtime) => {
    const begin = starterIn(runtime)
    const limit = await begin('limit', limiting(200, 600_000))
    await (await begin('sink', slow(runtime, 100))).subscribe(limit, { maxDemand: 1_000, minDemand: 999 })
    await limit.subscribe(await begin('numbers', counter()))
  },

  'a source that is busy with messages, while its consumer asks for little': async (runtime) => {
    const begin = starterIn(runtime)
    let next = 0
    const source = producer(({ sendAfter }) => {
      sendAfter('work', 0)
      return {
        handleDemand: (demand: number) => Array.from({ length: demand }, () => next++),
        async handleInfo() {
          await runtime.sleep(95)
          sendAfter('work', 5)
          return []
        },
      }
    })
    await (await begin('limited', asking(1, 100))).subscribe(await begin('source', source))
  },

  'a long queue that gets shorter while its source goes on': async (runtime) => {
    const begin = starterIn(runtime)
    const source = producer(({ sendAfter }) => {
      sendAfter('tick', 0)
      let isFirst = true
      return {
        handleDemand: () => [],
        handleInfo() {
          sendAfter('tick', 200)
          const length = isFirst ? 300 : 1
          isFirst = false
          return Array.from({ length }, (_, index) => index)
        },
      }
    })
    await (await begin('sink', slow(runtime, 50))).subscribe(await begin('source', source), small)
  },

  'stages without subscribers': async (runtime) => {
    const begin = starterIn(runtime)
    await begin('numbers', counter())
    await begin(
      'middle',
      mapper((event: number) => event),
    )
    await begin('sink', collector<number>([]))
  },

  'a stream that is not read on': async (runtime) => {
    const begin = starterIn(runtime)
    const numbers = stream([await begin('numbers', counter())])[Symbol.asyncIterator]()
    await runtime.settle(numbers.next())
  },
}

describe('nothing is found in', () => {
  test.each(Object.entries(pipelines))('%s', async (_name, begin) => {
    const runtime = testRuntime()
    const found: unknown[] = []
    const watching = observer({ runtime })
    watching.subscribe((_snapshot, findings) => found.push(...findings))
    await begin(runtime)
    for (const ms of [700, 8_000, 13_000, 35_000, 60_000]) {
      await runtime.advance(ms)
      found.push(...healthy({ runtime }).findings, ...diagnose([snapshot({ runtime })]))
    }
    watching.close()
    expect(found).toEqual([])
  })
})
