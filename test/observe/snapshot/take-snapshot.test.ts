import {
  broadcastDispatcher,
  consumer,
  consumerSupervisor,
  type Dispatcher,
  demandDispatcher,
  fromIterable,
  partitionDispatcher,
  producer,
  producerConsumer,
  startLink,
  stream,
  supervisor,
} from 'genstage'
import { observer, type Snapshot, type StageSnapshot, snapshot } from 'genstage/snapshot'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import {
  atOnce,
  counting,
  emittingOnRequest,
  gate,
  type LogRecord,
  launch,
  range,
  recording,
} from '../../stage/test-stages.ts'

/** Takes a snapshot, which must be JSON. */
function look(runtime: TestRuntime, states = false): Snapshot {
  const taken = snapshot({ runtime, states })
  expect(JSON.parse(JSON.stringify(taken))).toEqual(taken)
  return taken
}

/** What a snapshot says of the stage with this id. */
function lookAt(runtime: TestRuntime, { id }: { readonly id: string }, states = false): StageSnapshot {
  const found = look(runtime, states).stages.find((stage) => stage.id === id)
  if (found === undefined) throw new Error(`expected the snapshot to hold ${id}`)
  return found
}

const sinking = () => consumer({ handleEvents(_events: readonly number[]) {} })
const hanging = () => consumer({ handleEvents: (_events: readonly number[]) => new Promise<void>(() => {}) })

test('a pipeline is shown whole: each stage, each subscription, with all that is known of them', async () => {
  const runtime = testRuntime()
  await runtime.advance(100)
  const source = await launch(runtime, counting(atOnce, 10), { name: 'source' })
  const middle = await launch(runtime, producerConsumer({ handleEvents: (events: readonly number[]) => [...events] }))
  const sink = await launch(runtime, hanging())
  const { tag: second } = await sink.subscribe(middle, { maxDemand: 4, minDemand: 1, cancel: 'transient' })
  await runtime.advance(50)
  const { tag: first } = await middle.subscribe(source, { maxDemand: 6, minDemand: 2, cancel: 'temporary' })
  await runtime.settle()
  await runtime.advance(25)
  expect(look(runtime)).toEqual({
    version: 1,
    runtime: runtime.id,
    time: 175,
    isObserved: false,
    stages: [
      {
        id: source.id,
        kind: 'producer',
        name: 'source',
        label: 'producer source',
        parent: null,
        state: 'idle',
        callback: null,
        since: null,
        mailbox: 0,
        busy: 0,
        isBlocked: false,
        producing: {
          dispatcher: { kind: 'demand', queued: 0 },
          demandMode: 'forward',
          pending: 0,
          buffer: { events: 0, size: 10_000, keep: 'last' },
          accumulated: 0,
          emitted: 10,
          sent: 10,
          discarded: 0,
          lastEmitted: 150,
          demandSince: null,
          demandTime: 0,
          subscribers: [{ tag: first, consumer: middle.id, pending: 0, sent: 10, since: 150 }],
        },
      },
      {
        id: middle.id,
        kind: 'producer-consumer',
        name: null,
        label: `producer-consumer ${middle.id}`,
        parent: null,
        state: 'blocked',
        callback: null,
        since: null,
        mailbox: 0,
        busy: 0,
        isBlocked: true,
        producing: {
          dispatcher: { kind: 'demand', queued: 0 },
          demandMode: 'forward',
          pending: 0,
          buffer: { events: 2, size: null, keep: 'last' },
          accumulated: 0,
          emitted: 6,
          sent: 4,
          discarded: 0,
          lastEmitted: 150,
          demandSince: null,
          demandTime: 0,
          subscribers: [{ tag: second, consumer: sink.id, pending: 0, sent: 4, since: 100 }],
        },
        consuming: {
          handled: 6,
          batches: 2,
          handling: 0,
          mailbox: 0,
          inbound: 4,
          lastHandled: 150,
          subscriptions: [
            { tag: first, producer: source.id, mode: 'automatic', maxDemand: 6, minDemand: 2, cancel: 'temporary' },
          ],
        },
      },
      {
        id: sink.id,
        kind: 'consumer',
        name: null,
        label: `consumer ${sink.id}`,
        parent: null,
        state: 'waiting',
        callback: 'handleEvents',
        since: 150,
        mailbox: 0,
        busy: 0,
        isBlocked: false,
        consuming: {
          handled: 3,
          batches: 1,
          handling: 4,
          mailbox: 0,
          inbound: 0,
          lastHandled: 150,
          subscriptions: [
            { tag: second, producer: middle.id, mode: 'automatic', maxDemand: 4, minDemand: 1, cancel: 'transient' },
          ],
        },
      },
    ],
    subscriptions: [
      {
        tag: first,
        producer: source.id,
        consumer: middle.id,
        pending: 0,
        sent: 10,
        since: 150,
        mode: 'automatic',
        maxDemand: 6,
        minDemand: 2,
        cancel: 'temporary',
      },
      {
        tag: second,
        producer: middle.id,
        consumer: sink.id,
        pending: 0,
        sent: 4,
        since: 100,
        mode: 'automatic',
        maxDemand: 4,
        minDemand: 1,
        cancel: 'transient',
      },
    ],
    tree: [source, middle, sink].map(({ id }) => ({ id, child: null, children: [] })),
  })
})

test("the program's own runtime is shown by default", async () => {
  const stage = await startLink(sinking(), { name: 'shown by default' })
  expect(snapshot().stages.map(({ name }) => name)).toContain('shown by default')
  await stage.stop()
  expect(snapshot().stages.map(({ name }) => name)).not.toContain('shown by default')
})

test.each([
  [{ runtime: 1 }, 'expected runtime to be a runtime made by createRuntime, got: 1'],
  [{ states: 1 }, 'expected states to be'],
  [{ state: true }, 'did you mean states?'],
])('wrong options are refused: %o', (options, message) => {
  // @ts-expect-error They are wrong, as the compiler says too.
  expect(() => snapshot(options)).toThrow(message)
})

describe('the state of a stage', () => {
  test('is starting until its set-up has answered', async () => {
    const runtime = testRuntime()
    const answer = gate()
    const starting = launch(
      runtime,
      consumer<unknown>(async () => {
        await answer.opened
        return { handleEvents() {} }
      }),
    )
    await runtime.settle()
    expect(look(runtime).stages).toMatchObject([{ state: 'starting', callback: 'setup', since: 0, kind: 'consumer' }])
    answer.open()
    expect(lookAt(runtime, await starting).state).toBe('idle')
  })

  test('is queued from the message to the turn, and handling in the turn', async () => {
    const runtime = testRuntime({ stepped: true })
    const states: unknown[] = []
    const stage = await runtime.settle(
      launch(
        runtime,
        consumer<unknown>(({ self }) => ({
          handleEvents() {},
          handleInfo() {
            const { state, callback, mailbox } = lookAt(runtime, self)
            states.push({ state, callback, mailbox })
          },
        })),
      ),
    )
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'idle', mailbox: 0 })
    stage.send('one')
    stage.send('two')
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'queued', mailbox: 2, callback: null, since: null })
    await runtime.settle()
    expect(states).toEqual([
      { state: 'handling', callback: 'handleInfo', mailbox: 1 },
      { state: 'handling', callback: 'handleInfo', mailbox: 0 },
    ])
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'idle', callback: null })
  })

  test('is waiting while a promise is pending, since it is', async () => {
    const runtime = testRuntime()
    const stage = await launch(
      runtime,
      consumer<unknown>({ handleEvents() {}, handleInfo: () => runtime.sleep(1_000) as Promise<undefined> }),
    )
    await runtime.advance(300)
    stage.send('go')
    await runtime.advance(400)
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'waiting', callback: 'handleInfo', since: 300 })
    await runtime.advance(600)
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'idle', callback: null, since: null })
  })

  test('is ending while its terminate is pending', async () => {
    const runtime = testRuntime()
    const answer = gate()
    const stage = await launch(runtime, consumer<unknown>({ handleEvents() {}, terminate: () => answer.opened }))
    const stopped = stage.stop()
    await runtime.settle()
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'ending', callback: 'terminate', since: 0 })
    answer.open()
    await stopped
    expect(look(runtime).stages).toEqual([])
  })

  test('is starved while it holds what it must not handle yet', async () => {
    const runtime = testRuntime()
    const middle = await launch(runtime, producerConsumer({ handleEvents: (events: readonly number[]) => [...events] }))
    await middle.subscribe(await launch(runtime, counting(atOnce, 5)), { cancel: 'temporary' })
    await runtime.settle()
    expect(lookAt(runtime, middle)).toMatchObject({ state: 'blocked', isBlocked: true, consuming: { inbound: 5 } })
    await (await launch(runtime, sinking())).subscribe(middle)
    await runtime.settle()
    expect(lookAt(runtime, middle)).toMatchObject({ state: 'idle', isBlocked: false, consuming: { inbound: 0 } })
  })
})

describe('totals', () => {
  test('an event that went through the buffer was emitted once, and sent once', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(atOnce))
    await source.call('emit', range(0, 30))
    expect(lookAt(runtime, source).producing).toMatchObject({ emitted: 30, sent: 0, buffer: { events: 30 } })
    const sink = await launch(runtime, sinking())
    await sink.subscribe(source, { maxDemand: 7, minDemand: 0 })
    await runtime.settle()
    await source.call('emit', range(30, 35))
    await runtime.settle()
    expect(lookAt(runtime, source).producing).toMatchObject({ emitted: 35, sent: 35, buffer: { events: 0 } })
    expect(lookAt(runtime, sink).consuming).toMatchObject({ handled: 35 })
  })

  test('what is held back was emitted, and never less than before', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(atOnce))
    await source.call('emit', range(0, 3))
    source.demand('accumulate')
    await source.call('emit', range(3, 8))
    const sink = await launch(runtime, sinking())
    expect(lookAt(runtime, source).producing).toMatchObject({
      demandMode: 'accumulate',
      emitted: 8,
      accumulated: 5,
      buffer: { events: 3 },
    })
    // What is buffered stays there: it is older than what is held back, and goes out before it.
    await sink.subscribe(source, { maxDemand: 10 })
    await runtime.settle()
    expect(lookAt(runtime, source).producing).toMatchObject({
      emitted: 8,
      accumulated: 5,
      buffer: { events: 3 },
      sent: 0,
      pending: 10,
    })
    source.demand('forward')
    await runtime.settle()
    expect(lookAt(runtime, source).producing).toMatchObject({
      demandMode: 'forward',
      emitted: 8,
      accumulated: 0,
      sent: 8,
    })
  })

  test('an event of a broadcast is emitted once, and sent to each who wants it', async () => {
    const runtime = testRuntime()
    let next = 0
    const source = await launch(
      runtime,
      producer({
        dispatcher: broadcastDispatcher<number>(),
        demand: 'accumulate',
        handleDemand(demand) {
          const first = next
          next = Math.min(first + demand, 100)
          return range(first, next)
        },
      }),
    )
    const [all, even] = [await launch(runtime, sinking()), await launch(runtime, sinking())]
    await all.subscribe(source, { maxDemand: 10 })
    await even.subscribe(source, { maxDemand: 10, selector: (event: number) => event % 2 === 0 })
    source.demand('forward')
    await runtime.settle()
    const { producing } = lookAt(runtime, source)
    expect(producing).toMatchObject({ dispatcher: { kind: 'broadcast' }, emitted: 100, sent: 150 })
    expect(producing?.subscribers.map(({ sent }) => sent)).toEqual([100, 50])
    expect(lookAt(runtime, all).consuming?.handled).toBe(100)
    expect(lookAt(runtime, even).consuming?.handled).toBe(50)
  })

  test('partitions say who takes from them, and what waits; what is lost with a subscriber is discarded', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({
        dispatcher: partitionDispatcher({
          partitions: ['odd', 'even'],
          hash: (event: number) => [event, event % 2 ? 'odd' : 'even'],
        }),
        handleDemand: () => [],
        handleCast: { emit: (events: readonly number[]) => events },
      }),
    )
    const sink = await launch(runtime, sinking())
    const { tag } = await sink.subscribe(source, { partition: 'even', maxDemand: 2, minDemand: 0, cancel: 'temporary' })
    source.cast('emit', range(0, 3))
    await runtime.settle()
    expect(lookAt(runtime, source).producing).toMatchObject({
      dispatcher: {
        kind: 'partition',
        queued: 1,
        partitions: [
          { partition: 'odd', subscriber: null, queued: 1 },
          { partition: 'even', subscriber: tag, queued: 0 },
        ],
      },
      emitted: 3,
      sent: 1,
      buffer: { events: 1 },
    })
    expect(look(runtime).subscriptions).toMatchObject([{ partition: 'even', queued: 0, sent: 1, pending: 1 }])
    const stuck = await launch(runtime, hanging())
    await stuck.subscribe(source, { partition: 'odd', maxDemand: 4, minDemand: 0, cancel: 'temporary' })
    source.cast('emit', [5, 7, 9, 11, 13, 15, 17])
    await runtime.settle()
    const before = { emitted: 10, sent: 6, discarded: 0, dispatcher: { queued: 2 }, buffer: { events: 2 } }
    expect(lookAt(runtime, source).producing).toMatchObject(before)
    stuck.exit('kill')
    await runtime.settle()
    const after = { emitted: 10, sent: 6, discarded: 2, dispatcher: { queued: 2 }, buffer: { events: 0 } }
    expect(lookAt(runtime, source).producing).toMatchObject(after)
  })

  test('what a full buffer drops is discarded, and was emitted', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      producer({
        bufferSize: 4,
        bufferKeep: 'first',
        handleDemand: () => [],
        handleCast: { emit: (events: readonly number[]) => events },
      }),
    )
    source.cast('emit', range(0, 10))
    await runtime.settle()
    expect(lookAt(runtime, source).producing).toMatchObject({
      emitted: 10,
      sent: 0,
      discarded: 6,
      buffer: { events: 4, size: 4, keep: 'first' },
    })
  })

  test('demand is open from the ask to the event, and so long is how long it waits', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, emittingOnRequest(atOnce))
    expect(lookAt(runtime, source).producing).toMatchObject({ pending: 0, demandSince: null, lastEmitted: null })
    await runtime.advance(100)
    await (await launch(runtime, sinking())).subscribe(source, { maxDemand: 10, minDemand: 0 })
    await runtime.advance(100)
    expect(lookAt(runtime, source).producing).toMatchObject({ pending: 10, demandSince: 100, lastEmitted: null })
    await source.call('emit', [1, 2, 3])
    await runtime.advance(100)
    expect(lookAt(runtime, source).producing).toMatchObject({ pending: 7, demandSince: 200, lastEmitted: 200 })
    expect(look(runtime).subscriptions).toMatchObject([{ pending: 7, sent: 3 }])
  })

  test('the time with open demand adds up, from when it reaches the stage until it is met', async () => {
    const runtime = testRuntime()
    const opened = (stage: { readonly id: string }): number | undefined => lookAt(runtime, stage).producing?.demandTime
    const source = await launch(runtime, emittingOnRequest(atOnce))
    const sink = await launch(runtime, sinking())
    await sink.subscribe(source, { maxDemand: 10, minDemand: 0 })
    await runtime.advance(70)
    // As long as nobody observes, it does not count.
    expect(opened(source)).toBe(0)
    const watching = observer({ runtime })
    await runtime.advance(100)
    expect(opened(source)).toBe(100)
    await source.call('emit', range(0, 4))
    await runtime.advance(50)
    expect(opened(source)).toBe(150)
    // All that was asked for is met; the sink asks for ten more at once, and four too many wait in the buffer.
    await source.call('emit', range(0, 20))
    await runtime.advance(500)
    expect(lookAt(runtime, source).producing?.buffer.events).toBe(0)
    expect(opened(source)).toBe(650)
    await source.call('emit', range(0, 9))
    await sink.stop()
    await runtime.advance(500)
    await source.call('emit', range(0, 5))
    const before = opened(source)
    await runtime.advance(500)
    // What is left over shows that no demand is open.
    expect(opened(source)).toBe(before)
    watching.close()
    expect(opened(source)).toBe(before)
  })

  test('the time with open demand is a total: it does not go back when an observer leaves', async () => {
    const runtime = testRuntime()
    const opened = (stage: { readonly id: string }): number | undefined => lookAt(runtime, stage).producing?.demandTime
    const source = await launch(runtime, emittingOnRequest(atOnce))
    const middle = await launch(runtime, producerConsumer({ handleEvents: (events: readonly number[]) => events }))
    await (await launch(runtime, sinking())).subscribe(middle, { maxDemand: 10, minDemand: 0 })
    await middle.subscribe(source, { maxDemand: 10, minDemand: 0 })
    for (const [round, total] of [100, 200, 300].entries()) {
      const watching = observer({ runtime })
      await runtime.advance(100)
      watching.close()
      expect([round, opened(source), opened(middle)]).toEqual([round, total, total])
      await runtime.advance(50)
      expect([round, opened(source), opened(middle)]).toEqual([round, total, total])
    }
  })

  test('a broadcast has open demand once all have asked', async () => {
    const runtime = testRuntime()
    const dispatcher = broadcastDispatcher<number>()
    const emit = (events: readonly number[]) => ({ reply: 'ok' as const, events })
    const source = await launch(runtime, producer({ dispatcher, handleDemand: () => [], handleCall: { emit } }))
    await (await launch(runtime, hanging())).subscribe(source, { maxDemand: 5, minDemand: 0 })
    await (await launch(runtime, sinking())).subscribe(source, { maxDemand: 10, minDemand: 0 })
    const watching = observer({ runtime })
    await runtime.advance(100)
    await source.call('emit', range(0, 5))
    await runtime.advance(100)
    expect(lookAt(runtime, source).producing).toMatchObject({ pending: 5, demandTime: 100 })
    watching.close()
  })

  test('in every step of a run each event that was sent is handled, in hand, in a mailbox or in a queue', async () => {
    const runtime = testRuntime({ stepped: true, seed: 7 })
    const source = await runtime.settle(launch(runtime, counting(atOnce, 300)))
    const middle = await runtime.settle(
      launch(runtime, producerConsumer({ handleEvents: async (events: readonly number[]) => [...events, ...events] })),
    )
    const sink = await runtime.settle(launch(runtime, consumer({ async handleEvents(_events: readonly number[]) {} })))
    await runtime.settle(sink.subscribe(middle, { maxDemand: 7, minDemand: 3 }))
    await runtime.settle(middle.subscribe(source, { maxDemand: 11, minDemand: 5 }))
    let steps = 0
    for (let before = -1; steps !== before; ) {
      before = steps
      for (let idle = 0; idle < 20; idle++) {
        steps += runtime.step()
        const stages = look(runtime).stages
        const arrived = (stage: StageSnapshot | undefined) => {
          const { handled = 0, batches = 0, handling = 0, mailbox = 0, inbound = 0 } = stage?.consuming ?? {}
          return { handled, batches, waiting: handling + mailbox + inbound }
        }
        const [first, second, third] = stages
        for (const [from, to] of [
          [first, second],
          [second, third],
        ] as const) {
          const { handled, waiting } = arrived(to)
          const sent = from?.producing?.sent ?? 0
          // A batch counts as handled from when it is begun, and as in hand until it is answered.
          expect(handled + waiting).toBeGreaterThanOrEqual(sent)
          if (to?.state !== 'waiting') expect(handled + waiting).toBe(sent)
        }
        const { emitted, sent, buffer } = second?.producing ?? { emitted: 0, sent: 0, buffer: { events: 0 } }
        expect(emitted).toBe(sent + buffer.events)
        await Promise.resolve()
      }
    }
    await runtime.settle()
    const [first, second, third] = look(runtime).stages
    expect(first?.producing).toMatchObject({ emitted: 300, sent: 300 })
    expect(second?.producing).toMatchObject({ emitted: 600, sent: 600 })
    expect(third?.consuming).toMatchObject({ handled: 600, handling: 0, mailbox: 0 })
  })

  test('a stream counts what has come as handled, and what the loop has not taken as in hand', async () => {
    const runtime = testRuntime()
    const source = await launch(runtime, counting(atOnce, 10))
    const events = stream([source])
    await runtime.settle(events.next())
    await runtime.settle()
    const shown = look(runtime).stages.find(({ kind }) => kind === 'stream')
    expect(shown?.consuming).toMatchObject({ handled: 10, handling: 9, subscriptions: [{ producer: source.id }] })
    await events.return?.()
  })
})

describe('the tree', () => {
  test('shows who started whom, and what a supervisor calls its children, running or not', async () => {
    const runtime = testRuntime()
    const boss = await launch(
      runtime,
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { id: 'source', start: () => counting(atOnce, 0) },
          {
            id: 'inner',
            start: () => supervisor({ strategy: 'one-for-all', children: [{ name: 'leaf', start: sinking }] }),
          },
          { id: 'gone', restart: 'transient', start: () => fromIterable<number>([]) },
        ],
      }),
    )
    const pool = await launch(runtime, consumerSupervisor({ child: () => new Promise<void>(() => {}) }))
    const child = await pool.startChild(1)
    const gone = (await boss.whichChildren())[2]
    await gone?.ref?.stop()
    const [, inner] = await boss.whichChildren()
    inner?.ref?.exit('kill')
    await runtime.settle()
    const { stages, tree } = look(runtime)
    const idOf = (kind: string, parent: string | null) =>
      stages.find((stage) => stage.kind === kind && stage.parent === parent)?.id ?? 'none'
    const innerId = idOf('supervisor', boss.id)
    const childId = child === 'ignore' ? 'none' : child.id
    expect(tree).toEqual([
      {
        id: boss.id,
        child: null,
        children: [
          { id: idOf('producer', boss.id), child: 'source', children: [] },
          {
            id: innerId,
            child: 'inner',
            children: [{ id: idOf('consumer', innerId), child: 'leaf', children: [] }],
          },
          { id: expect.any(String), child: 'gone', children: [] },
        ],
      },
      { id: pool.id, child: null, children: [{ id: childId, child: childId, children: [] }] },
    ])
    const [shown] = stages
    expect(shown?.supervising).toMatchObject({
      strategy: 'rest-for-one',
      restarts: 2,
      children: [
        { id: 'source', kind: 'producer', restart: 'permanent', state: 'running' },
        { id: 'inner', process: innerId, kind: 'supervisor', state: 'running' },
        { id: 'gone', kind: 'producer', restart: 'transient' },
      ],
    })
    expect(stages.find(({ id }) => id === pool.id)?.supervising).toEqual({
      strategy: 'per-event',
      restarts: 0,
      children: [{ id: childId, process: childId, kind: 'task', restart: 'temporary', state: 'running' }],
    })
  })

  test('shows a child that does not run as a place without a process', async () => {
    const runtime = testRuntime()
    const boss = await launch(
      runtime,
      supervisor({
        strategy: 'one-for-one',
        children: [
          { id: 'one', start: sinking },
          { id: 'two', start: sinking },
        ],
      }),
    )
    await boss.terminateChild('one')
    const { tree, stages } = look(runtime)
    expect(tree[0]?.children).toEqual([
      { id: null, child: 'one', children: [] },
      { id: stages[1]?.id, child: 'two', children: [] },
    ])
    expect(stages[0]?.supervising?.children[0]).toMatchObject({ id: 'one', process: null, state: 'stopped' })
  })
})

describe('the states of stages', () => {
  const shown = async (stage: ReturnType<typeof sinking>) => {
    const runtime = testRuntime()
    const running = await launch(runtime, stage)
    expect(lookAt(runtime, running)).not.toHaveProperty('userState')
    return lookAt(runtime, running, true).userState
  }

  test('are what inspect answers', async () => {
    expect(await shown(consumer<number>({ handleEvents() {}, inspect: () => ({ open: 2 }) }))).toEqual({ open: 2 })
  })

  test('or the fields of a class, but for private ones', async () => {
    class Counter {
      total = 7
      readonly #secret = 'hidden'
      handleEvents(events: readonly number[]): void {
        this.total += events.length + this.#secret.length
      }
    }
    expect(await shown(consumer<number>(() => new Counter()))).toEqual({ total: 7 })
  })

  test('nothing of a literal', async () => {
    expect(await shown(sinking())).toBe(null)
  })

  test('and an inspect that throws is told as such', async () => {
    const failing = consumer<number>({
      handleEvents() {},
      inspect() {
        throw new Error('not now')
      },
    })
    expect(await shown(failing)).toEqual({ error: 'inspect failed: not now' })
  })
})

describe("a dispatcher of one's own", () => {
  const lookingAt = async (own: Partial<Record<'inspect' | 'queuedCount', () => unknown>>) => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const dispatcher = Object.assign(Object.create(demandDispatcher()), own) as Dispatcher<number>
    const stage = await launch(runtime, producer({ dispatcher: bound(dispatcher, own), handleDemand: () => [] }))
    lookAt(runtime, stage)
    return { seen: lookAt(runtime, stage), warnings: records.filter(({ level }) => level === 'warn') }
  }

  /** The four methods of a demand dispatcher, with others beside. */
  const bound = (inner: Dispatcher<number>, own: object): Dispatcher<number> => ({
    subscribe: (subscriber, options) => inner.subscribe(subscriber, options),
    ask: (subscriber, demand) => inner.ask(subscriber, demand),
    cancel: (subscriber) => inner.cancel(subscriber),
    dispatch: (events) => inner.dispatch(events),
    ...own,
  })

  test('is custom where it says nothing', async () => {
    expect((await lookingAt({})).seen.producing?.dispatcher).toEqual({ kind: 'custom', queued: 0 })
  })

  test('says its kind, what it holds, and its partitions', async () => {
    const partitions = [{ partition: 0, subscriber: null, queued: 3 }]
    const { seen } = await lookingAt({ inspect: () => ({ kind: 'partition', partitions }), queuedCount: () => 3 })
    expect(seen.producing?.dispatcher).toEqual({ kind: 'partition', queued: 3, partitions })
  })

  test.each([
    [null, { kind: 'custom', queued: 0 }],
    [
      { kind: 12n, partitions: 7, extra: Symbol('x') },
      { kind: 'custom', queued: 0 },
    ],
    [
      { kind: 'partition', partitions: [undefined, { partition: Number.NaN, subscriber: {}, queued: -0.5 }] },
      {
        kind: 'partition',
        queued: 0,
        partitions: [
          { partition: 'undefined', subscriber: null, queued: 0 },
          { partition: 'NaN', subscriber: null, queued: 0 },
        ],
      },
    ],
  ])('what it says is JSON, whatever it is: %o', async (answer, expected) => {
    const { seen } = await lookingAt({ inspect: () => answer, queuedCount: () => Number.NaN })
    expect(seen.producing?.dispatcher).toEqual(expected)
  })

  test.each(['inspect', 'queuedCount'] as const)('whose %s throws costs the details, and one warning', async (name) => {
    const { seen, warnings } = await lookingAt({
      [name]: () => {
        throw new Error('not now')
      },
    })
    expect(seen).toMatchObject({ kind: 'producer', state: 'idle', isBlocked: false })
    expect(seen).not.toHaveProperty('producing')
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('could not be inspected: not now')])
  })
})
