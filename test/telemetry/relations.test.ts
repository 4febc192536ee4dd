import { attachTelemetry, consumer, producer, supervisor } from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, gate, type LogRecord, launch, recording } from '../stage/test-stages.ts'

// Which processes events name: both ends of a subscription, the origin of a failure, a restarted child; and which listeners receive them.

const sinking = () => consumer({ handleEvents(_events: readonly number[]) {} })

/** Writes down what becomes of subscriptions, in a line each. */
function subscriptionsOf(runtime: TestRuntime): unknown[] {
  const lines: unknown[] = []
  attachTelemetry(
    {
      'subscription.started': ({ subscribers }, { consumer: { name }, tag }) =>
        void lines.push(['started', name, tag, subscribers]),
      'subscription.cancelled': ({ subscribers, unmet }, { consumer: { name }, tag, cause, reason }) =>
        void lines.push(['cancelled', name, tag, subscribers, { unmet, cause, reason }]),
      'subscription.refused': ({ subscribers }, { consumer: { name }, reason }) =>
        void lines.push(['refused', name, subscribers, reason]),
    },
    { runtime },
  )
  return lines
}

describe('a subscription', () => {
  test('is emitted from its start to its end, with its unmet demand', async () => {
    const runtime = testRuntime()
    const lines = subscriptionsOf(runtime)
    const source = await launch(runtime, counting(atOnce, 4))
    const [one, two] = [
      await launch(runtime, sinking(), { name: 'one' }),
      await launch(runtime, sinking(), { name: 'two' }),
    ]
    const first = await one.subscribe(source, { maxDemand: 10, minDemand: 0, cancel: 'temporary' })
    const second = await two.subscribe(source, { maxDemand: 3, cancel: 'temporary' })
    await runtime.settle()
    first.cancel('enough')
    await runtime.settle()
    two.exit('kill')
    await runtime.settle()
    expect(lines).toEqual([
      ['started', 'one', first.tag, 1],
      ['started', 'two', second.tag, 2],
      ['cancelled', 'one', first.tag, 1, { unmet: 6, cause: 'cancel', reason: 'enough' }],
      ['cancelled', 'two', second.tag, 0, { unmet: 3, cause: 'down', reason: 'killed' }],
    ])
  })

  test('that replaces another is emitted after the end of that one', async () => {
    const runtime = testRuntime()
    const lines = subscriptionsOf(runtime)
    const source = await launch(runtime, counting(atOnce, 0))
    const sink = await launch(runtime, sinking(), { name: 'sink' })
    const first = await sink.subscribe(source, { maxDemand: 10, cancel: 'temporary' })
    const second = await sink.resubscribe(first, 'again', source, { maxDemand: 5 })
    await runtime.settle()
    expect(lines).toEqual([
      ['started', 'sink', first.tag, 1],
      ['cancelled', 'sink', first.tag, 0, { unmet: 10, cause: 'cancel', reason: 'again' }],
      ['started', 'sink', second.tag, 1],
    ])
  })

  test('that handleSubscribe stops for is emitted neither as started nor as cancelled', async () => {
    const runtime = testRuntime()
    const lines = subscriptionsOf(runtime)
    const stopping = producer({ handleDemand: (): number[] => [], handleSubscribe: () => ({ stop: 'shutdown' }) })
    await (await launch(runtime, sinking())).subscribe(await launch(runtime, stopping), { cancel: 'temporary' })
    await runtime.settle()
    expect(lines).toEqual([])
  })
})

describe('a failure', () => {
  const failuresOf = (runtime: TestRuntime) => {
    const failures: unknown[] = []
    const ends: unknown[] = []
    attachTelemetry(
      {
        'failure.reported': ({ remaining }, { stage, reason, callback }) =>
          void failures.push([stage.name, remaining, reason, callback]),
        'stage.stopped': (_numbers, { stage, reason, isFailure }) => void ends.push([stage.name, reason, isFailure]),
      },
      { runtime },
    )
    return { failures, ends }
  }

  test('is emitted once, for its origin, however many processes end because of it', async () => {
    const runtime = testRuntime()
    const { failures, ends } = failuresOf(runtime)
    const reason = new Error('no')
    const source = await launch(runtime, counting(atOnce, 10), { name: 'source' })
    const failing = consumer<number>(({ link }) => {
      link(source)
      return {
        handleEvents() {
          throw reason
        },
      }
    })
    const sink = await launch(runtime, failing, { name: 'sink' })
    const last = await launch(runtime, sinking(), { name: 'last' })
    source.demand('accumulate')
    await last.subscribe(source, { maxDemand: 1, minDemand: 0 })
    await sink.subscribe(source, { maxDemand: 4 })
    source.demand('forward')
    await runtime.settle()
    expect(failures).toEqual([['sink', 4, reason, 'handleEvents']])
    expect(ends).toEqual([
      ['sink', reason, true],
      ['source', reason, true],
      ['last', reason, true],
    ])
  })

  test('is not emitted where the end was requested, or for a clean exit', async () => {
    const runtime = testRuntime()
    const { failures, ends } = failuresOf(runtime)
    const names = ['stopped', 'exited', 'stopping']
    const [stopped, exited, stopping] = await Promise.all(
      names.map((name) =>
        launch(runtime, consumer<unknown>({ handleEvents() {}, handleInfo: () => ({ stop: 'shutdown' }) }), { name }),
      ),
    )
    await stopped?.stop('odd')
    exited?.exit('odd')
    stopping?.send('stop')
    await runtime.settle()
    expect(failures).toEqual([])
    expect(ends).toEqual([
      ['stopped', 'odd', false],
      ['exited', 'odd', false],
      ['stopping', 'shutdown', false],
    ])
  })

  test('of a supervisor that gives up is one of its own', async () => {
    const runtime = testRuntime()
    const { failures } = failuresOf(runtime)
    const failing = () =>
      consumer<unknown>({
        handleEvents() {},
        handleInfo() {
          throw new Error('no')
        },
      })
    const boss = supervisor({ strategy: 'one-for-one', maxRestarts: 0, children: [{ name: 'child', start: failing }] })
    const running = await launch(runtime, boss, { name: 'boss' })
    const [child] = await running.whichChildren()
    child?.ref?.send('go')
    await runtime.settle()
    expect(failures).toEqual([
      ['child', 0, new Error('no'), 'handleInfo'],
      ['boss', 0, 'shutdown', undefined],
    ])
  })
})

test('a restart is emitted for each process that is restarted, in order, with the reason of the first', async () => {
  const runtime = testRuntime()
  const restarts: unknown[] = []
  attachTelemetry(
    {
      'process.restarted': ({ restarts: count }, { supervisor: { name }, child, stage, reason }) =>
        void restarts.push([name, child, stage.kind, reason, count]),
    },
    { runtime },
  )
  const boss = await launch(
    runtime,
    supervisor({
      strategy: 'one-for-all',
      children: [
        { id: 'a', start: () => counting(atOnce, 0) },
        { id: 'b', start: sinking },
        { id: 'c', restart: 'temporary', start: sinking },
      ],
    }),
    { name: 'boss' },
  )
  expect(restarts).toEqual([])
  const [, second] = await boss.whichChildren()
  second?.ref?.exit('kill')
  await runtime.settle()
  expect(restarts).toEqual([
    ['boss', 'a', 'producer', 'killed', 1],
    ['boss', 'b', 'consumer', 'killed', 2],
  ])
})

test('a start is emitted with its starter, an end with the number of remaining processes', async () => {
  const runtime = testRuntime()
  const lines: unknown[] = []
  attachTelemetry(
    {
      'stage.started': ({ alive }, { stage, parent }) => void lines.push(['started', stage.kind, parent?.kind, alive]),
      'stage.stopped': ({ alive }, { stage }) => void lines.push(['stopped', stage.kind, alive]),
    },
    { runtime },
  )
  const boss = await launch(runtime, supervisor({ strategy: 'one-for-one', children: [sinking] }))
  await boss.stop()
  expect(lines).toEqual([
    ['started', 'consumer', 'supervisor', 2],
    ['started', 'supervisor', undefined, 2],
    ['stopped', 'consumer', 1],
    ['stopped', 'supervisor', 0],
  ])
})

describe('a listener', () => {
  test('that another one detaches in the middle of an event does not receive it any more', async () => {
    const runtime = testRuntime()
    const received: string[] = []
    attachTelemetry(
      {
        'stage.started'() {
          received.push('first')
          detachSecond()
        },
      },
      { runtime },
    )
    const detachSecond = attachTelemetry({ 'stage.started': () => void received.push('second') }, { runtime })
    attachTelemetry({ 'stage.started': () => void received.push('third') }, { runtime })
    await launch(runtime, sinking())
    await launch(runtime, sinking())
    expect(received).toEqual(['first', 'third', 'first', 'third'])
  })

  test('whose promises reject is reported once, however many are pending', async () => {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const gated = gate()
    // oxlint-disable-next-line typescript/no-misused-promises -- a listener that returns a promise is what is tested
    attachTelemetry({ 'stage.started': () => gated.opened }, { runtime })
    for (let count = 0; count < 3; count++) await launch(runtime, sinking())
    gated.fail(new Error('oh'))
    await runtime.settle()
    expect(records.filter(({ message }) => message.includes('listener'))).toEqual([
      {
        level: 'error',
        message: "detached a telemetry listener of 'stage.started' that failed: oh",
        facts: { event: 'stage.started', error: new Error('oh') },
      },
    ])
  })

  test('of undefined counts as none', async () => {
    const runtime = testRuntime()
    let started = 0
    const listeners = { 'stage.stopped': undefined, 'stage.started': () => void started++ }
    attachTelemetry(listeners as object, { runtime })
    await (await launch(runtime, sinking())).stop()
    expect(started).toBe(1)
  })
})
