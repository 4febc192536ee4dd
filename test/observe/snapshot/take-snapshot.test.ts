import {
  consumer,
  consumerSupervisor,
  type Dispatcher,
  demandDispatcher,
  fromIterable,
  producer,
  producerConsumer,
  startLink,
  supervisor,
} from 'genstage'
import { snapshot } from 'genstage/snapshot'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, gate, type LogRecord, launch, recording } from '../../stage/test-stages.ts'
import { look, lookAt } from './look.ts'

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
  // @ts-expect-error The compiler refuses wrong arguments, too.
  expect(() => snapshot(options)).toThrow(message)
})

describe('the state of a stage', () => {
  test('is starting until its setup function has returned', async () => {
    const runtime = testRuntime()
    const finish = gate()
    const starting = launch(
      runtime,
      consumer<unknown>(async () => {
        await finish.opened
        return { handleEvents() {} }
      }),
    )
    await runtime.settle()
    expect(look(runtime).stages).toMatchObject([{ state: 'starting', callback: 'setup', since: 0, kind: 'consumer' }])
    finish.open()
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
    const finish = gate()
    const stage = await launch(runtime, consumer<unknown>({ handleEvents() {}, terminate: () => finish.opened }))
    const stopped = stage.stop()
    await runtime.settle()
    expect(lookAt(runtime, stage)).toMatchObject({ state: 'ending', callback: 'terminate', since: 0 })
    finish.open()
    await stopped
    expect(look(runtime).stages).toEqual([])
  })

  test('is blocked while it holds events that it must not emit yet', async () => {
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

describe('the tree', () => {
  test('shows which process started which, and the ids of children, running or not', async () => {
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
          { id: 'stopped', restart: 'transient', start: () => fromIterable<number>([]) },
        ],
      }),
    )
    const pool = await launch(runtime, consumerSupervisor({ child: () => new Promise<void>(() => {}) }))
    const child = await pool.startChild(1)
    const stopped = (await boss.whichChildren())[2]
    await stopped?.ref?.stop()
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
          { id: expect.any(String), child: 'stopped', children: [] },
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
        { id: 'stopped', kind: 'producer', restart: 'transient' },
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

  test('are the results of inspect', async () => {
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

  test('and an inspect that throws is shown as such', async () => {
    const failing = consumer<number>({
      handleEvents() {},
      inspect() {
        throw new Error('not now')
      },
    })
    expect(await shown(failing)).toEqual({ error: 'inspect failed: not now' })
  })
})

describe('a custom dispatcher', () => {
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

  test('is custom without inspect', async () => {
    expect((await lookingAt({})).seen.producing?.dispatcher).toEqual({ kind: 'custom', queued: 0 })
  })

  test('shows its kind, its queue, and its partitions', async () => {
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
  ])('its inspection is JSON, whatever it returns: %o', async (inspected, expected) => {
    const { seen } = await lookingAt({ inspect: () => inspected, queuedCount: () => Number.NaN })
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
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/^could not inspect .*: not now/)])
  })
})
