import { describe, expect, test } from 'vitest'
import {
  type ConsumerRef,
  consumer,
  consumerSupervisor,
  type Dispatcher,
  demandDispatcher,
  fromIterable,
  producer,
  producerConsumer,
  start,
} from '../../../src/index.ts'
import { diagnose, type Finding, observer, type StageSnapshot, snapshot } from '../../../src/observe/snapshot/index.ts'
import { counter, mapper, type TestRuntime, testRuntime } from '../../../src/testing/index.ts'
import { consumerShown, producerShown, snapshotAt, subscriptionShown } from './fixtures.ts'
import { asking, briefly, findingsAfter, slow, starterIn } from './pipelines.ts'

const small = { maxDemand: 10, minDemand: 5 }
const plain = () => mapper((event: number) => event)

/** What is found at each look, half a second apart, from now on. */
async function looksFor(runtime: TestRuntime, ms: number): Promise<{ time: number; findings: readonly Finding[] }[]> {
  const looks: { time: number; findings: readonly Finding[] }[] = []
  const watching = observer({ runtime })
  watching.subscribe(({ time }, findings) => looks.push({ time, findings }))
  await runtime.advance(ms)
  watching.close()
  return looks
}

/** Looks a second apart, of stages that are shown so at each. */
function seconds(count: number, show: (look: number) => StageSnapshot[], ends: readonly [string, string][]) {
  return Array.from({ length: count }, (_, look) =>
    snapshotAt(
      look * 1_000,
      show(look),
      ends.map(([from, to]) => subscriptionShown(from, to)),
    ),
  )
}

/** A producer-consumer that holds three events. */
function holding(id: string, figures: { handled?: number; pending?: number; state?: StageSnapshot['state'] } = {}) {
  const { handled = 0, pending = 0, state = 'idle' } = figures
  const subscriber = { tag: `${id}-x`, consumer: 'x', pending, sent: 0, since: 0 }
  return {
    ...producerShown(id, { producing: { pending, emitted: handled, subscribers: [subscriber] } }),
    ...consumerShown(id, { state, consuming: { inbound: 3, handled } }),
  }
}

describe('events in a buffer while all subscribers have open demand', () => {
  /** Hands out the first events, and then nothing more, whatever is asked for. */
  function stubborn(most: number): Dispatcher<number> {
    const inner = demandDispatcher() as Dispatcher<number>
    let left = most
    return {
      subscribe: (subscriber, options) => inner.subscribe(subscriber, options),
      ask: (subscriber, demand) => inner.ask(subscriber, demand),
      cancel: (subscriber) => inner.cancel(subscriber),
      dispatch(events) {
        if (left < events.length) return { deliveries: [], leftover: events }
        left -= events.length
        return inner.dispatch(events)
      },
    }
  }

  async function begin(runtime: TestRuntime, most: number) {
    const starting = starterIn(runtime)
    const handleDemand = (demand: number): number[] => Array.from({ length: demand }, (_, index) => index)
    const source = await starting('source', producer({ dispatcher: stubborn(most), handleDemand }))
    for (const name of ['one', 'two']) await (await starting(name, slow(runtime, 10))).subscribe(source, small)
    return source
  }

  test('are a problem, on every look once nothing was sent for long', async () => {
    const runtime = testRuntime()
    const source = await begin(runtime, 40)
    await runtime.advance(1_000)
    const looks = await looksFor(runtime, 20_000)
    for (const { time, findings } of looks) {
      expect([time, briefly(findings)]).toEqual([
        time,
        time < 6_000 ? [] : ['problem: undelivered-buffer at producer source'],
      ])
    }
    expect(looks.at(-1)?.findings[0]).toMatchObject({ stage: source.id, evidence: { subscribers: 2, keptMs: 20_000 } })
    expect(looks.at(-1)?.findings[0]?.text).toMatch(
      /^producer source has \d+ events in its buffer and has sent none for 20 s, although all 2 subscribers have open demand: \d+ events\. Check what its dispatcher returns/,
    )
  })

  test('are none where some are sent, however few', () => {
    const show = (sent: number) => {
      const subscribers = [{ tag: 'p-c', consumer: 'c', pending: 5, sent, since: 0 }]
      const buffer = { events: 7, size: 10, keep: 'last' } as const
      return [producerShown('p', { producing: { pending: 5, sent, buffer, subscribers } }), consumerShown('c')]
    }
    const found = (sentAt: (look: number) => number) =>
      briefly(diagnose(seconds(8, (look) => show(sentAt(look)), [['p', 'c']])))
    expect(found(() => 1)).toEqual(['problem: undelivered-buffer at producer p'])
    expect(found((look) => look)).toEqual([])
  })

  test('are none while events go out', async () => {
    const runtime = testRuntime()
    await begin(runtime, 1_000_000)
    for (const { findings } of await looksFor(runtime, 20_000)) {
      expect(findings.filter(({ kind }) => kind !== 'bottleneck')).toEqual([])
    }
  })
})

describe('a cycle of stages', () => {
  /** Three stages in a cycle, where each event becomes `factor` events on its way round. */
  async function cycle(runtime: TestRuntime, factor: number) {
    const starting = starterIn(runtime)
    const splitting = producerConsumer({
      handleEvents: (events: readonly number[]) =>
        events.flatMap((event) => Array.from({ length: factor }, () => event)),
      handleCast: { seed: (events: readonly number[]) => events },
    })
    const [one, two] = [await starting('one', plain()), await starting('two', plain())]
    const three = await start(splitting, { name: 'three', runtime })
    await one.subscribe(three, small)
    await two.subscribe(one, small)
    await three.subscribe(two, small)
    return { one, two, three }
  }

  test('that stands still with events is a problem, on every look once that lasts', async () => {
    const runtime = testRuntime()
    const { three } = await cycle(runtime, 2)
    three.cast('seed', [1])
    await runtime.settle()
    const looks = await looksFor(runtime, 20_000)
    for (const { time, findings } of looks) {
      expect([time, findings.map(({ kind, severity }) => `${severity}: ${kind}`)]).toEqual([
        time,
        time < 5_000 ? [] : ['problem: stalled-cycle'],
      ])
    }
    expect(looks.at(-1)?.findings[0]?.text).toMatch(
      /^No event has moved for 20 s in the cycle of producer-consumer .*, producer-consumer .* and producer-consumer .*: it holds \d+ events, and each stage waits for demand of the next one\./,
    )
  })

  test('in which events go round is none, nor one that has lost its last event', async () => {
    for (const factor of [1, 0]) {
      const runtime = testRuntime()
      const starting = starterIn(runtime)
      const pacing = producerConsumer({
        async handleEvents(events: readonly number[]) {
          await runtime.sleep(700)
          return factor === 0 ? [] : events
        },
        handleCast: { seed: (events: readonly number[]) => events },
      })
      const pace = await start(pacing, { name: 'pace', runtime })
      const back = await starting('back', plain())
      await back.subscribe(pace, small)
      await pace.subscribe(back, small)
      pace.cast('seed', [1, 2])
      for (const { findings } of await looksFor(runtime, 60_000)) {
        expect(findings.filter(({ kind }) => kind === 'stalled-cycle')).toEqual([])
      }
    }
  })

  test('that moves between looks, that waits for a promise, or in which a stage asks by hand, is none', () => {
    const ends: [string, string][] = [
      ['a', 'b'],
      ['b', 'a'],
    ]
    const still = seconds(8, () => [holding('a'), holding('b')], ends)
    expect(briefly(diagnose(still))).toEqual(['problem: stalled-cycle at consumer a'])
    expect(diagnose(seconds(8, (look) => [holding('a', { handled: look }), holding('b')], ends))).toEqual([])
    expect(diagnose(seconds(8, () => [holding('a', { state: 'waiting' }), holding('b')], ends))).toEqual([])
    const byHand = still.map((look) => ({
      ...look,
      subscriptions: look.subscriptions.map((each, index) =>
        index === 0 ? { ...each, mode: 'manual' as const } : each,
      ),
    }))
    expect(diagnose(byHand)).toEqual([])
  })

  test('that no event has ever come into is a warning', async () => {
    const runtime = testRuntime()
    await cycle(runtime, 1)
    const looks = await looksFor(runtime, 40_000)
    for (const { time, findings } of looks) {
      expect([time, findings.map(({ kind, severity }) => `${severity}: ${kind}`)]).toEqual([
        time,
        time < 30_000 ? [] : ['warning: stalled-cycle'],
      ])
    }
    expect(looks.at(-1)?.findings[0]?.text).toMatch(
      /^No event has moved for 40 s in the cycle of .*: none of them has emitted any, /,
    )
  })

  test('that a consumer outside blocks is reported at that consumer', async () => {
    const runtime = testRuntime()
    const { one, three } = await cycle(runtime, 2)
    await (await starterIn(runtime)('exit', asking(1, 50_000))).subscribe(one)
    three.cast('seed', [1])
    const looks = await looksFor(runtime, 20_000)
    expect(looks.flatMap(({ findings }) => findings)).toEqual([])
  })
})

describe('events of a producer that has ended', () => {
  async function ended(runtime: TestRuntime, reason: 'normal' | 'failure', sink?: ConsumerRef<number>) {
    const starting = starterIn(runtime)
    const middle = await starting('middle', plain())
    if (sink !== undefined) await sink.subscribe(middle)
    const few = fromIterable(
      (function* () {
        for (let event = 0; event < 8; event++) yield event
        if (reason === 'failure') throw new Error('out of paper')
      })(),
    )
    await middle.subscribe(await starting('few', few), { ...small, cancel: 'transient' })
    await runtime.settle()
    return middle
  }

  /** Asks for two events, and never again. */
  const twice = () =>
    consumer({
      handleSubscribe(_role, _options, from): 'manual' {
        from.ask(2)
        return 'manual'
      },
      handleEvents: (_events: readonly number[]) => {},
    })

  test('which a producer-consumer holds while its consumer does not ask, are reported', async () => {
    const runtime = testRuntime({ logger: {} })
    const sink = await starterIn(runtime)('sink', twice())
    const middle = await ended(runtime, 'normal', sink)
    const looks = await looksFor(runtime, 50_000)
    for (const { time, findings } of looks) {
      expect([time, briefly(findings)]).toEqual([
        time,
        time < 30_000 ? [] : ['warning: held-after-end at producer-consumer middle'],
      ])
    }
    expect(looks.at(-1)?.findings[0]).toMatchObject({ stage: middle.id, evidence: { events: 6, consumers: 1 } })
    expect(looks.at(-1)?.findings[0]?.text).toBe(
      'producer-consumer middle holds 6 events of a producer that has ended, and consumer sink has not asked for ' +
        'them: no event has moved for 50 s. It ends once they are delivered: have a consumer ask for them, or stop the ' +
        'stage to drop them.',
    )
    expect(briefly(diagnose([snapshot({ runtime })]))).toEqual(['warning: held-after-end at producer-consumer middle'])
  })

  test('are none where a consumer has asked, which takes them at its next turn', () => {
    const looks = (pending: number) => seconds(40, () => [holding('m', { pending }), consumerShown('x')], [['m', 'x']])
    expect(briefly(diagnose(looks(0)))).toEqual(['warning: held-after-end at consumer m'])
    expect(diagnose(looks(2))).toEqual([])
  })

  test('count from the end of the producer, however long nothing has moved before', async () => {
    const runtime = testRuntime({ logger: {} })
    const starting = starterIn(runtime)
    const sink = await starting('sink', twice())
    const [middle, source] = [await starting('middle', plain()), await starting('source', counter())]
    await sink.subscribe(middle)
    await middle.subscribe(source, { ...small, cancel: 'transient' })
    const watching = observer({ runtime })
    await runtime.advance(50_000)
    expect(watching.findings).toEqual([])
    await runtime.settle(source.stop())
    await runtime.advance(29_000)
    expect(watching.findings).toEqual([])
    await runtime.advance(2_000)
    expect(briefly(watching.findings)).toEqual(['warning: held-after-end at producer-consumer middle'])
    watching.close()
  })

  test('which it holds for no consumer at all, are reported', async () => {
    const runtime = testRuntime({ logger: {} })
    await ended(runtime, 'normal')
    expect(briefly(await findingsAfter(runtime, 29_000))).toEqual([])
    const [finding] = await findingsAfter(runtime, 10_000)
    expect(finding?.text).toContain('holds 8 events of a producer that has ended, and it has no consumer')
  })

  test('are none while a consumer works, or its children do', async () => {
    const runtime = testRuntime({ logger: {} })
    const pool = await start(consumerSupervisor({ child: (_event: number) => runtime.sleep(100_000) }), {
      runtime,
      name: 'pool',
    })
    const middle = await starterIn(runtime)('middle', plain())
    await pool.subscribe(middle, { maxDemand: 2, minDemand: 1, cancel: 'temporary' })
    await middle.subscribe(await starterIn(runtime)('few', fromIterable([1, 2, 3, 4, 5])), small)
    for (const { findings } of await looksFor(runtime, 90_000)) expect(findings).toEqual([])
  })

  test('are reported at the consumer that never asks, if there is one', async () => {
    const runtime = testRuntime({ logger: {} })
    const sink = await starterIn(runtime)('sink', asking(1, Number.POSITIVE_INFINITY))
    await ended(runtime, 'normal', sink)
    const [finding, ...others] = await findingsAfter(runtime, 40_000)
    expect([finding?.kind, finding?.stage, others]).toEqual(['never-asks', sink.id, []])
    expect(finding?.text).toContain('producer-consumer middle holds 8 events of a producer that has ended.')
  })
})
