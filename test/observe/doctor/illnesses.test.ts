import { describe, expect, test } from 'vitest'
import { consumer, producer, producerConsumer, start, supervisor } from '../../../src/index.ts'
import { diagnose, snapshot } from '../../../src/observe/snapshot/index.ts'
import {
  collector,
  counter,
  hangingConsumer,
  hangingProducer,
  mapper,
  testRuntime,
} from '../../../src/testing/index.ts'
import {
  asking,
  briefly,
  broadcaster,
  findingsAfter,
  slow,
  slowMapper,
  spreader,
  starterIn,
  ticking,
} from './pipelines.ts'

const small = { maxDemand: 10, minDemand: 5 }

describe('a callback that is stuck', () => {
  test('is named, with what waits for it', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', hangingConsumer<number>())
    await sink.subscribe(await begin('numbers', counter()), small)
    expect(briefly(await findingsAfter(runtime, 9_000))).toEqual(['note: bottleneck at consumer sink'])
    expect(await findingsAfter(runtime, 3_000)).toEqual([
      {
        kind: 'stuck-callback',
        severity: 'problem',
        stage: sink.id,
        label: 'consumer sink',
        text: 'consumer sink has been waiting for the promise of handleEvents for 12 s. Waiting for it: 10 unhandled events.',
        evidence: { callback: 'handleEvents', pendingMs: 12_000, events: 10, messages: 0, demand: 0 },
      },
    ])
  })

  test('is seen in a single snapshot', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', hangingConsumer<number>())
    await sink.subscribe(await begin('numbers', counter()))
    await runtime.advance(60_000)
    expect(briefly(diagnose([snapshot({ runtime })]))).toEqual(['problem: stuck-callback at consumer sink'])
  })

  test('is named if it is in the setup function, and its supervisor is not', async () => {
    const runtime = testRuntime()
    const hanging = () => producer(async () => new Promise<never>(() => {}))
    void start(supervisor({ strategy: 'one-for-one', children: [{ name: 'source', start: hanging }] }), {
      name: 'tree',
      runtime,
    }).catch(() => {})
    const [finding, ...others] = await findingsAfter(runtime, 20_000)
    expect(others).toEqual([])
    expect(finding?.text).toBe('producer source has been waiting for the promise of setup for 20 s.')
  })

  test('in a broadcast is reported with the subscribers that it holds back', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', broadcaster())
    await (await begin('good', collector<number>([]))).subscribe(source, small)
    await (await begin('bad', hangingConsumer<number>())).subscribe(source, small)
    const findings = await findingsAfter(runtime, 30_000)
    expect(briefly(findings)).toEqual(['problem: stuck-callback at consumer bad'])
    expect(findings[0]?.text).toContain(
      'This holds back 1 other subscriber of producer source, a broadcast, with open demand for 10 events.',
    )
  })

  test('downstream of another stage is reported with what is dropped upstream', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('ticks', ticking(10, 1_000, 100))
    const middle = await begin(
      'middle',
      mapper((event: number) => event),
    )
    await (await begin('bad', hangingConsumer<number>())).subscribe(middle, small)
    await middle.subscribe(source, small)
    const findings = await findingsAfter(runtime, 60_000)
    expect(briefly(findings)).toEqual(['problem: stuck-callback at consumer bad'])
    expect(findings[0]?.text).toContain('. producer ticks has dropped 100 events within 10 s.')
    expect(findings[0]?.evidence).toMatchObject({ discarded: 100, dropping: 'producer ticks' })
  })
})

describe('unmet demand', () => {
  test('is found where handleDemand is pending', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    await (await begin('sink', collector<number>([]))).subscribe(
      await begin('source', hangingProducer<number>()),
      small,
    )
    expect(await findingsAfter(runtime, 29_000)).toEqual([])
    const findings = await findingsAfter(runtime, 16_000)
    expect(briefly(findings)).toEqual(['warning: unmet-demand at producer source'])
    expect(findings[0]?.text).toContain(
      'producer source has been waiting for the promise of handleDemand for 45 s, with open demand for 10 events.',
    )
  })

  test('is found where a producer has never emitted', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', producer({ handleDemand: (_demand: number): number[] => [] }))
    await (await begin('sink', collector<number>([]))).subscribe(source, small)
    expect(await findingsAfter(runtime, 29_000)).toEqual([])
    const findings = await findingsAfter(runtime, 2_000)
    expect(briefly(findings)).toEqual(['warning: unmet-demand at producer source'])
    expect(findings[0]?.text).toBe(
      'producer source has never emitted, although demand for 10 events has been open for 31 s. ' +
        'Its handleDemand returned no events. A source that is waiting for its first event looks the same.',
    )
    expect(findings[0]?.evidence).toEqual({ askedMs: 31_000, demand: 10, emitted: 0, demandMode: 'forward' })
  })

  test('is explained where the demand mode holds it back', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const handleDemand = (demand: number): number[] => Array.from({ length: demand }, () => 1)
    const source = await begin('source', producer({ demand: 'accumulate', handleDemand }))
    await (await begin('sink', collector<number>([]))).subscribe(source, small)
    const findings = await findingsAfter(runtime, 40_000)
    expect(briefly(findings)).toEqual(['warning: unmet-demand at producer source'])
    expect(findings[0]?.text).toContain("Its demand mode is 'accumulate'")
  })
})

describe('a consumer in manual mode that never asks', () => {
  test('is named', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', asking(5, Number.POSITIVE_INFINITY))
    const subscription = await sink.subscribe(await begin('ticks', ticking(1, 1_000)))
    expect(await findingsAfter(runtime, 29_000)).toEqual([])
    expect(await findingsAfter(runtime, 2_500)).toEqual([
      {
        kind: 'never-asks',
        severity: 'warning',
        stage: sink.id,
        label: 'consumer sink',
        subscription: subscription.tag,
        text:
          'consumer sink has been subscribed to producer ticks in manual mode for 31 s and has never asked for events, ' +
          'so it receives none. The buffer of producer ticks holds 32 events.',
        evidence: { producer: 'producer ticks', subscribedMs: 31_500, buffered: 32 },
      },
    ])
  })

  test('is a problem in a broadcast, where no subscriber receives events', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', broadcaster())
    await (await begin('silent', asking(5, Number.POSITIVE_INFINITY))).subscribe(source)
    await (await begin('one', collector<number>([]))).subscribe(source, small)
    await (await begin('two', collector<number>([]))).subscribe(source, small)
    const findings = await findingsAfter(runtime, 40_000)
    expect(briefly(findings)).toEqual(['problem: never-asks at consumer silent'])
    expect(findings[0]?.text).toContain('This holds back 2 other subscribers of producer source')
  })
})

describe('a broadcast that is held back', () => {
  test('names the slow subscriber, and how busy it is', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', broadcaster())
    const tardy = await begin('tardy', slow(runtime, 100))
    for (const name of ['one', 'two']) await (await begin(name, collector<number>([]))).subscribe(source, small)
    const { tag } = await tardy.subscribe(source, small)
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['warning: slow-broadcast-consumer at consumer tardy'])
    expect(findings[0]).toMatchObject({ subscription: tag, evidence: { producer: 'producer source', heldBack: 2 } })
    expect(findings[0]?.text).toMatch(
      /^consumer tardy has held back 2 other subscribers of producer source for 20 s: it has \d+ unhandled events, while the other subscribers have open demand for \d+ events\. consumer tardy was busy for 100 % of the last 10 s, at 10 events a second\.$/,
    )
  })

  test('by one that has stopped asking is a problem', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', broadcaster())
    const once = consumer({
      handleSubscribe(_role, _options, from) {
        from.ask(3)
        return 'manual'
      },
      handleEvents: (_events: readonly number[]) => {},
    })
    await (await begin('good', collector<number>([]))).subscribe(source, small)
    await (await begin('once', once)).subscribe(source)
    expect(briefly(await findingsAfter(runtime, 20_000))).toEqual(['warning: slow-broadcast-consumer at consumer once'])
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['problem: slow-broadcast-consumer at consumer once'])
    expect(findings[0]?.text).toContain('it has no unhandled events, and has not asked for more')
  })

  test('by a slow stage downstream of a subscriber is reported there', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', broadcaster())
    const middle = await begin(
      'middle',
      mapper((event: number) => event),
    )
    await (await begin('good', collector<number>([]))).subscribe(source, small)
    await middle.subscribe(source, small)
    await (await begin('tardy', slow(runtime, 100))).subscribe(middle, small)
    const findings = await findingsAfter(runtime, 20_000)
    expect(findings.map(({ kind, label }) => [kind, label])).toEqual([['bottleneck', 'consumer tardy']])
    expect(findings[0]?.text).toContain('This holds back 1 other subscriber of producer source, a broadcast')
  })
})

describe('a partition that falls behind', () => {
  test('is named, where it gets more than its share', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin(
      'source',
      spreader(3, (event) => (event % 10 === 0 ? 1 : event % 10 === 1 ? 2 : 0)),
    )
    for (const partition of [0, 1, 2]) {
      const worker = await begin(`worker-${partition}`, slow(runtime, 10))
      await worker.subscribe(source, { partition, maxDemand: 200, minDemand: 100 })
    }
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['warning: partition-backlog at producer source'])
    expect(findings[0]?.text).toMatch(
      /^\d+ events wait for partition 0 of producer source.* consumer worker-0 handles them more slowly than they arrive: it is slow, or receives more than its share/,
    )
  })

  test('is a problem where it has no subscriber', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin(
      'source',
      spreader(2, (event) => event % 2),
    )
    await (await begin('worker', collector<number>([]))).subscribe(source, { partition: 0 })
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['problem: partition-backlog at producer source'])
    expect(findings[0]?.text).toBe(
      '750 events wait for partition 1 of producer source. ' +
        'The partition has no subscriber: its queue grows until the other partitions receive no events.',
    )
  })

  test('because its consumer is stuck is reported there', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin(
      'source',
      spreader(2, (event) => event % 2),
    )
    await (await begin('good', collector<number>([]))).subscribe(source, { partition: 0 })
    await (await begin('bad', hangingConsumer<number>())).subscribe(source, { partition: 1 })
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['problem: stuck-callback at consumer bad'])
    expect(findings[0]?.text).toMatch(/events wait for partition 1 of producer source\.$/)
  })
})

test('events that are dropped are counted, with where and why', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  const source = await begin('ticks', ticking(5, 1_000, 20))
  await (await begin('sink', asking(1, 1_000))).subscribe(source)
  const findings = await findingsAfter(runtime, 30_500)
  expect(findings).toEqual([
    {
      kind: 'discards',
      severity: 'warning',
      stage: source.id,
      label: 'producer ticks',
      text: 'producer ticks has dropped 40 events within 10 s: its buffer of 20, which keeps the last, was full.',
      evidence: { discarded: 40, discardedInAll: 106, buffered: 19 },
    },
  ])
  expect(briefly(diagnose([snapshot({ runtime })]))).toEqual(['note: discards at producer ticks'])
})

test('a mailbox that grows is named', async () => {
  const runtime = testRuntime()
  const busy = await start(
    producerConsumer({
      handleEvents: (events: readonly number[]) => events,
      handleInfo: () => runtime.sleep(1_000).then(() => []),
    }),
    { runtime, name: 'busy' },
  )
  const flood = producer(({ sendAfter }) => {
    sendAfter('tick', 0)
    return {
      handleDemand: () => [],
      handleInfo() {
        sendAfter('tick', 100)
        for (let message = 0; message < 10; message++) busy.send(message)
        return []
      },
    }
  })
  await start(flood, { runtime, name: 'flood' })
  expect(await findingsAfter(runtime, 9_000)).toEqual([])
  const findings = await findingsAfter(runtime, 21_050)
  expect(briefly(findings)).toEqual(['warning: mailbox-grows at producer-consumer busy'])
  expect(findings[0]?.text).toMatch(
    /^producer-consumer busy has 2,9\d\d messages in its mailbox, 990 more than 10 s ago: messages arrive faster than it handles them\.$/,
  )
})

describe('the bottleneck', () => {
  test('is the slowest of a pipeline, with its pace and what waits before it', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const first = await begin('first', slowMapper(runtime, 1))
    const second = await begin('second', slowMapper(runtime, 20))
    const sink = await begin('sink', slow(runtime, 2))
    await sink.subscribe(second, small)
    await second.subscribe(first, small)
    await first.subscribe(await begin('numbers', counter()), small)
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['note: bottleneck at producer-consumer second'])
    expect(findings[0]?.text).toMatch(
      /^producer-consumer second sets the pace, at 50 events a second: it was busy for 100 % of the last 10 s\. \d+ events wait for it, and its consumers wait for \d+ events\. Make it faster, or start more stages like it to share its work\.$/,
    )
  })

  test('is not looked for without an observer', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    await (await begin('sink', slow(runtime, 10))).subscribe(await begin('numbers', counter()), small)
    const early = snapshot({ runtime })
    await runtime.advance(10_000)
    expect(diagnose([early, snapshot({ runtime })])).toEqual([])
  })

  test('counts those beside it that are as busy', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const numbers = await begin('numbers', counter())
    for (const name of ['a', 'b', 'c']) await (await begin(name, slow(runtime, 10))).subscribe(numbers, small)
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['note: bottleneck at consumer a'])
    expect(findings[0]?.text).toContain('as were 2 others with the same producers')
  })

  test('is all of a broadcast where none of them holds back the others', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin('source', broadcaster())
    for (const name of ['a', 'b', 'c']) await (await begin(name, slow(runtime, 10))).subscribe(source, small)
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['note: bottleneck at consumer a'])
  })

  test('is all of the partitions where none of them gets more than its share', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = await begin(
      'source',
      spreader(3, (event) => event % 3),
    )
    for (const partition of [0, 1, 2]) {
      const worker = await begin(`worker-${partition}`, slow(runtime, 10))
      await worker.subscribe(source, { partition, maxDemand: 200, minDemand: 100 })
    }
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['note: bottleneck at consumer worker-0'])
  })

  test('is the source where that works all the time', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const source = producer({
      async handleDemand(_demand: number) {
        await runtime.sleep(400)
        return [1, 2]
      },
    })
    await (await begin('sink', collector<number>([]))).subscribe(await begin('source', source), {
      maxDemand: 2,
      minDemand: 1,
    })
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['note: bottleneck at producer source'])
    expect(findings[0]?.text).toMatch(/^producer source sets the pace, at 5 events a second: it was busy for 100 % /)
  })

  test('is one in each pipeline', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    for (const name of ['a', 'b']) {
      await (await begin(name, slow(runtime, 10))).subscribe(await begin(`numbers-${name}`, counter()), small)
    }
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['note: bottleneck at consumer a', 'note: bottleneck at consumer b'])
  })

  test('is a warning where a buffer before it grows, also further up', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const middle = await begin(
      'middle',
      mapper((event: number) => event),
    )
    await (await begin('sink', slow(runtime, 100))).subscribe(middle, small)
    await middle.subscribe(await begin('ticks', ticking(5, 100)), small)
    const findings = await findingsAfter(runtime, 20_000)
    expect(briefly(findings)).toEqual(['warning: bottleneck at consumer sink'])
  })
})
