import {
  attachTelemetry,
  consumer,
  consumerSupervisor,
  fromIterable,
  type Measurements,
  type Metadata,
  partitionDispatcher,
  producer,
  producerConsumer,
  startLink,
  supervisor,
  type TelemetryListeners,
  type TelemetryName,
  telemetryEvents,
} from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, launch, timings } from '../stage/test-stages.ts'

interface ReceivedEvent<Name extends TelemetryName> {
  readonly name: Name
  readonly measurements: Measurements<Name>
  readonly metadata: Metadata<Name>
}

/** Records all telemetry events of a runtime. */
function listen(runtime: TestRuntime) {
  const all: ReceivedEvent<TelemetryName>[] = []
  const names = Object.keys(telemetryEvents) as TelemetryName[]
  const listeners: TelemetryListeners = Object.fromEntries(
    names.map((name) => [
      name,
      (measurements: Measurements<typeof name>, metadata: Metadata<typeof name>) =>
        all.push({ name, measurements, metadata }),
    ]),
  )
  const detach = attachTelemetry(listeners, { runtime })
  const of = <Name extends TelemetryName>(name: Name): ReceivedEvent<Name>[] =>
    all.filter((each): each is ReceivedEvent<Name> => each.name === name)
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
  return { all, of, sum, detach }
}

const failing = () =>
  consumer({
    handleEvents(_events: readonly number[]) {
      throw new Error('no')
    },
  })

describe('a pipeline emits', () => {
  test.each(timings)('of its batches and demand, in numbers that agree (%s)', async (_name, later) => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    const source = await launch(runtime, counting(later, 1_000))
    const double = producerConsumer({ handleEvents: later((events: readonly number[]) => events.map((x) => 2 * x)) })
    const middle = await launch(runtime, double, { name: 'middle' })
    const sink = await launch(runtime, consumer({ handleEvents: later((_events: readonly number[]) => {}) }))
    await sink.subscribe(middle, { maxDemand: 10 })
    await middle.subscribe(source, { maxDemand: 30 })
    await runtime.settle()

    const batches = telemetry.of('batch.handled')
    const by = (id: string) => batches.filter(({ metadata }) => metadata.consumer.id === id)
    expect(telemetry.sum(by(middle.id).map(({ measurements }) => measurements.size))).toBe(1_000)
    expect(telemetry.sum(by(sink.id).map(({ measurements }) => measurements.size))).toBe(1_000)
    expect(batches.every(({ metadata, measurements }) => metadata.events.length === measurements.size)).toBe(true)
    expect(by(middle.id)[0]?.metadata).toMatchObject({ consumer: { kind: 'producer-consumer', name: 'middle' } })
    expect(batches.every(({ metadata }) => metadata.error === undefined)).toBe(true)

    const sent = telemetry.of('demand.sent').map(({ measurements }) => measurements.demand)
    const received = telemetry.of('demand.received').map(({ measurements }) => measurements.demand)
    expect(telemetry.sum(received)).toBe(telemetry.sum(sent))
    expect(telemetry.of('demand.handled')[0]).toMatchObject({
      measurements: { demand: 30 },
      metadata: { error: undefined },
    })
    expect(telemetry.of('stage.started').map(({ metadata }) => metadata.stage.id)).toEqual([
      source.id,
      middle.id,
      sink.id,
    ])
    expect(telemetry.of('subscription.started')).toHaveLength(2)
    expect(telemetry.of('subscription.started')[0]).toMatchObject({
      measurements: { subscribers: 1 },
      metadata: { producer: { id: middle.id }, consumer: { id: sink.id }, options: { maxDemand: 10 } },
    })
  })

  test('how long a batch took, by the clock of the runtime, its promise included', async () => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    let finish = (): void => {}
    const slow = consumer({
      handleEvents: (_events: readonly number[]) =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    })
    const source = await launch(runtime, fromIterable([1]))
    const sink = await launch(runtime, slow)
    await sink.subscribe(source, { cancel: 'temporary' })
    await runtime.settle()
    expect(telemetry.of('batch.handled')).toEqual([])
    await runtime.advance(250)
    finish()
    await runtime.settle()
    expect(telemetry.of('batch.handled').map(({ measurements }) => measurements)).toEqual([{ size: 1, duration: 250 }])
  })

  test('of ends, with what was still held, and of a failure once, where it began', async () => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    const source = await launch(runtime, counting(atOnce, 100))
    const middle = await launch(runtime, producerConsumer({ handleEvents: (events: readonly number[]) => [...events] }))
    const sink = await launch(runtime, failing())
    await middle.subscribe(source, { maxDemand: 10 })
    await runtime.settle()
    await sink.subscribe(middle, { maxDemand: 4 })
    await runtime.settle()
    expect(telemetry.of('batch.handled').at(-1)?.metadata.error).toEqual(new Error('no'))
    expect(telemetry.of('failure.reported')).toHaveLength(1)
    expect(telemetry.of('failure.reported')[0]).toMatchObject({
      measurements: { remaining: 4 },
      metadata: { stage: { id: sink.id }, reason: new Error('no'), callback: 'handleEvents' },
    })
    expect(telemetry.of('stage.stopped')).toHaveLength(1)
    expect(telemetry.of('stage.stopped')[0]).toMatchObject({
      measurements: { remaining: 4, alive: 2 },
      metadata: {
        stage: { id: sink.id, kind: 'consumer' },
        isFailure: true,
        wasStarted: true,
        remaining: { handling: 4 },
      },
    })
    expect(telemetry.of('subscription.cancelled')[0]).toMatchObject({
      measurements: { subscribers: 0 },
      metadata: { producer: { id: middle.id }, consumer: { id: sink.id }, cause: 'down', reason: new Error('no') },
    })
  })

  test('a stop without a start for a setup function that fails', async () => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    const refusing = consumer<unknown>(() => ({ stop: 'no' }))
    await expect(launch(runtime, refusing)).rejects.toThrow('could not be started')
    expect(telemetry.of('stage.started')).toEqual([])
    expect(telemetry.of('stage.stopped')[0]).toMatchObject({ metadata: { reason: 'no', wasStarted: false } })
  })

  test('of events dropped: from a full buffer, and with a subscriber of a partition', async () => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    let batch = Array.from({ length: 20 }, () => 0)
    const overflowing = producer({
      bufferSize: 5,
      handleDemand() {
        const events = batch
        batch = []
        return events
      },
    })
    const source = await launch(runtime, overflowing)
    const sink = await launch(runtime, consumer({ handleEvents(_events: readonly number[]) {} }))
    await sink.subscribe(source, { maxDemand: 1, minDemand: 0, cancel: 'temporary' })
    await runtime.settle()
    expect(telemetry.of('events.discarded')[0]).toMatchObject({
      metadata: { stage: { id: source.id }, cause: 'buffer full' },
    })
    await source.stop()

    let next = 0
    const parted = producer({
      dispatcher: partitionDispatcher({ partitions: 2, hash: (event: number) => [event, 0] }),
      handleDemand: (demand) => Array.from({ length: demand }, () => next++),
    })
    const uneven = await launch(runtime, parted)
    const [stuck, other] = [await launch(runtime, hanging()), await launch(runtime, hanging())]
    await stuck.subscribe(uneven, { partition: 0, maxDemand: 2, minDemand: 0, cancel: 'temporary' })
    await other.subscribe(uneven, { partition: 1, maxDemand: 6, minDemand: 0, cancel: 'temporary' })
    await runtime.settle()
    stuck.exit('kill')
    await runtime.settle()
    const discarded = telemetry
      .of('events.discarded')
      .filter(({ metadata }) => metadata.cause === 'subscriber cancelled')
    expect(discarded[0]).toMatchObject({ metadata: { stage: { id: uneven.id } } })
    expect(discarded[0]?.measurements.count).toBeGreaterThan(0)
  })

  test('of refused subscriptions', async () => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    const parted = producer({
      dispatcher: partitionDispatcher({ partitions: 1, hash: (event: number) => [event, 0] }),
      handleDemand: () => [],
    })
    const source = await launch(runtime, parted)
    const sink = await launch(runtime, consumer({ handleEvents(_events: readonly number[]) {} }))
    await sink.subscribe(source, { partition: 7, confirm: false })
    await runtime.settle()
    expect(telemetry.of('subscription.refused')[0]).toMatchObject({
      metadata: { producer: { id: source.id }, consumer: { id: sink.id }, reason: 'bad-partition' },
    })
    expect(telemetry.of('subscription.started')).toEqual([])
    expect(telemetry.of('subscription.cancelled')).toEqual([])
  })

  test('of restarts, by supervisors of both kinds', async () => {
    const runtime = testRuntime()
    const telemetry = listen(runtime)
    const boss = await launch(
      runtime,
      supervisor({
        strategy: 'one-for-one',
        children: [{ id: 'child', start: () => consumer<unknown>({ handleEvents() {} }) }],
      }),
    )
    const [child] = await boss.whichChildren()
    child?.ref?.exit('kill')
    await runtime.settle()
    expect(telemetry.of('process.restarted')).toHaveLength(1)
    expect(telemetry.of('process.restarted')[0]).toMatchObject({
      measurements: { restarts: 1 },
      metadata: { supervisor: { id: boss.id }, child: 'child', reason: 'killed' },
    })
    const pool = await launch(
      runtime,
      consumerSupervisor({ restart: 'transient', child: () => new Promise<void>(() => {}) }),
    )
    const started = await pool.startChild(1)
    if (started !== 'ignore') started.exit('kill')
    await runtime.settle()
    expect(telemetry.of('process.restarted').at(-1)).toMatchObject({ metadata: { supervisor: { id: pool.id } } })
  })
})

const hanging = () =>
  consumer({
    handleEvents: (_events: readonly number[]) => new Promise<void>(() => {}),
  })

describe('listeners', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('oh')
      },
    ],
    ['rejects', () => Promise.reject(new Error('oh'))],
  ] as const)('one that %s is detached with those it was attached with, and reported', async (_name, fail) => {
    const lines: string[] = []
    const note = (message: string): void => {
      lines.push(message)
    }
    const runtime = testRuntime({ logger: { debug() {}, info() {}, warn() {}, error: note } })
    let [started, others] = [0, 0]
    // oxlint-disable-next-line typescript/no-misused-promises -- a listener that returns a promise is what is tested
    attachTelemetry({ 'batch.handled': fail, 'stage.started': () => void started++ }, { runtime })
    attachTelemetry({ 'batch.handled': () => void others++ }, { runtime })
    const handled: number[] = []
    const sink = await launch(
      runtime,
      consumer({ handleEvents: (events: readonly number[]) => void handled.push(...events) }),
    )
    const source = await launch(runtime, fromIterable([1, 2, 3, 4]))
    await sink.subscribe(source, { maxDemand: 1, minDemand: 0, cancel: 'temporary' })
    await runtime.settle()
    expect(handled).toEqual([1, 2, 3, 4])
    expect(others).toBe(4)
    expect(
      lines.filter((line) => line.includes("detached a telemetry listener of 'batch.handled' that failed: oh")),
    ).not.toEqual([])
    const before = started
    await launch(runtime, failing())
    expect(started).toBeLessThanOrEqual(before + 1)
  })

  test('receive no event of another runtime, and none once detached', async () => {
    const [here, there] = [testRuntime(), testRuntime()]
    const telemetry = listen(here)
    await launch(there, failing())
    expect(telemetry.all).toEqual([])
    telemetry.detach()
    telemetry.detach()
    await launch(here, failing())
    expect(telemetry.all).toEqual([])
  })

  test("receive the events of the program's own runtime by default", async () => {
    const ids: string[] = []
    const detach = attachTelemetry({ 'stage.started': (_numbers, { stage }) => void ids.push(stage.id) })
    const stage = await startLink(failing())
    detach()
    expect(ids).toEqual([stage.id])
    await stage.stop()
  })

  test('may attach and detach while they are called', async () => {
    const runtime = testRuntime()
    let later = 0
    const detach = attachTelemetry(
      {
        'stage.started': () => {
          detach()
          attachTelemetry({ 'stage.started': () => void later++ }, { runtime })
        },
      },
      { runtime },
    )
    await launch(runtime, failing())
    expect(later).toBe(0)
    await launch(runtime, failing())
    expect(later).toBe(1)
  })

  test.each([
    [null, 'expected an object of listeners by the name of the event, got: null'],
    [{ 'batch.handeld': () => {} }, "expected the name of an event, as 'batch.handled', got: 'batch.handeld'"],
    [{ 'stage.started': 1 }, "expected the listener of 'stage.started' to be a function, got: 1"],
  ])('wrong ones are refused: %o', (listeners, message) => {
    // @ts-expect-error The compiler refuses wrong arguments, too.
    expect(() => attachTelemetry(listeners)).toThrow(message)
  })
})
