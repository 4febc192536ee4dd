import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  type ContextManager,
  context,
  createContextKey,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { consumer, fromIterable, partitionDispatcher, producer, supervisor } from 'genstage'
import { type InstrumentOptions, instrument } from 'genstage/opentelemetry'
import { testRuntime } from 'genstage/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { atOnce, counting, type LogRecord, launch, recording, timings } from '../stage/test-stages.ts'

const providers: { shutdown(): Promise<void> }[] = []

afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown()
})

/** OpenTelemetry's own SDK, which keeps what it receives. */
function sdk() {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 1e9 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const spanExporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] })
  providers.push(meterProvider, tracerProvider)
  /** The metric of this name as it is now: its unit, and the value of each series. */
  const metric = async (name: string) => {
    const { resourceMetrics } = await reader.collect()
    const found = resourceMetrics.scopeMetrics
      .filter(({ scope }) => scope.name === 'genstage')
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name)
    return {
      unit: found?.descriptor.unit,
      series: (found?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, value })),
    }
  }
  return { meterProvider, tracerProvider, metric, spans: () => spanExporter.getFinishedSpans() }
}

/** An instrumented runtime, with what the SDK has received. */
function instrumented<Event = unknown>(options?: InstrumentOptions<Event>, records: LogRecord[] = []) {
  const runtime = testRuntime({ logger: recording(records) })
  const { meterProvider, tracerProvider, metric, spans } = sdk()
  const detach = instrument({ runtime, meterProvider, tracerProvider, ...options })
  return { runtime, metric, spans, detach }
}

const sinking = () => consumer({ handleEvents(_events: readonly number[]) {} })

describe('metrics', () => {
  test.each(timings)('of batches and of demand, in numbers that agree (%s)', async (_name, later) => {
    const { runtime, metric } = instrumented()
    const source = await launch(runtime, counting(later, 95), { name: 'source' })
    const sink = await launch(runtime, consumer({ handleEvents: later((_events: readonly number[]) => {}) }))
    await sink.subscribe(source, { maxDemand: 10, minDemand: 0 })
    await runtime.settle()
    const ofSink = { 'genstage.stage.kind': 'consumer' }
    const ofSource = { 'genstage.stage.kind': 'producer', 'genstage.stage.name': 'source' }
    expect(await metric('genstage.events.handled')).toEqual({
      unit: '{event}',
      series: [{ attributes: ofSink, value: 95 }],
    })
    expect(await metric('genstage.demand.sent')).toEqual({
      unit: '{event}',
      series: [{ attributes: ofSink, value: 100 }],
    })
    expect(await metric('genstage.demand.received')).toEqual({
      unit: '{event}',
      series: [{ attributes: ofSource, value: 100 }],
    })
    expect(await metric('genstage.batch.size')).toMatchObject({
      unit: '{event}',
      series: [{ attributes: ofSink, value: { count: 10, sum: 95, max: 10, min: 5 } }],
    })
    expect(await metric('genstage.batch.duration')).toMatchObject({ series: [{ value: { count: 10 } }] })
    expect(await metric('genstage.demand.duration')).toMatchObject({ unit: 's', series: [{ attributes: ofSource }] })
  })

  test('durations are seconds on the clock of the runtime', async () => {
    const { runtime, metric } = instrumented()
    const source = await launch(runtime, fromIterable([1, 2]))
    const slow = await launch(runtime, consumer({ handleEvents: (_events: readonly number[]) => runtime.sleep(250) }))
    await slow.subscribe(source, { maxDemand: 1, minDemand: 0, cancel: 'temporary' })
    await runtime.advance(1_000)
    expect(await metric('genstage.batch.duration')).toMatchObject({
      unit: 's',
      series: [{ value: { count: 2, sum: 0.5 } }],
    })
  })

  test('failures are distinguished by the kind of error and the callback, batches by the kind of error', async () => {
    const { runtime, metric } = instrumented()
    const source = await launch(runtime, counting(atOnce, 10))
    const failing = await launch(
      runtime,
      consumer({
        handleEvents(_events: readonly number[]) {
          throw new RangeError('no')
        },
      }),
    )
    await failing.subscribe(source, { maxDemand: 4 })
    await runtime.settle()
    const attributes = { 'genstage.stage.kind': 'consumer', 'error.type': 'RangeError' }
    expect(await metric('genstage.stage.failures')).toEqual({
      unit: '{failure}',
      series: [{ attributes: { ...attributes, 'genstage.callback': 'handleEvents' }, value: 1 }],
    })
    expect((await metric('genstage.batch.duration')).series[0]?.attributes).toEqual(attributes)
    expect(await metric('genstage.events.abandoned')).toMatchObject({ unit: '{event}', series: [{ value: 4 }] })
  })

  test('restarts, refusals and events dropped are counted', async () => {
    const { runtime, metric } = instrumented()
    const boss = await launch(
      runtime,
      supervisor({ strategy: 'one-for-one', children: [{ name: 'child', start: sinking }] }),
    )
    const [child] = await boss.whichChildren()
    child?.ref?.exit('kill')
    await runtime.settle()
    expect(await metric('genstage.stage.restarts')).toEqual({
      unit: '{restart}',
      series: [{ attributes: { 'genstage.stage.kind': 'consumer', 'genstage.stage.name': 'child' }, value: 1 }],
    })

    const parted = producer({
      dispatcher: partitionDispatcher({ partitions: 1, hash: (event: number) => [event, 0] }),
      handleDemand: () => [],
    })
    const refusing = await launch(runtime, parted)
    await (await launch(runtime, sinking())).subscribe(refusing, { partition: 7, confirm: false })
    await runtime.settle()
    expect(await metric('genstage.subscriptions.refused')).toMatchObject({
      unit: '{subscription}',
      series: [{ value: 1 }],
    })

    const batch = [1, 2, 3, 4, 5, 6]
    const overflowing = producer({ bufferSize: 2, handleDemand: () => batch.splice(0) })
    const source = await launch(runtime, overflowing)
    await (await launch(runtime, sinking())).subscribe(source, { maxDemand: 1 })
    await runtime.settle()
    expect(await metric('genstage.events.discarded')).toEqual({
      unit: '{event}',
      series: [
        { attributes: { 'genstage.stage.kind': 'producer', 'genstage.discard.cause': 'buffer full' }, value: 3 },
      ],
    })
  })

  test('what lives is counted by its kind when metrics are read, also what was there before, down to 0', async () => {
    const runtime = testRuntime()
    const first = await launch(runtime, sinking())
    const { meterProvider, tracerProvider, metric } = sdk()
    const detach = instrument({ runtime, meterProvider, tracerProvider })
    const second = await launch(runtime, sinking(), { name: 'second' })
    const attributes = { 'genstage.stage.kind': 'consumer' }
    expect(await metric('genstage.stages.alive')).toEqual({ unit: '{stage}', series: [{ attributes, value: 2 }] })
    await first.stop()
    await second.stop()
    expect((await metric('genstage.stages.alive')).series).toEqual([{ attributes, value: 0 }])
    detach()
    await launch(runtime, sinking())
    expect((await metric('genstage.stages.alive')).series).toEqual([{ attributes, value: 0 }])
  })
})

describe('spans', () => {
  test.each(timings)('there is one for each batch, of the right length (%s)', async (_name, later) => {
    const { runtime, spans } = instrumented()
    const source = await launch(runtime, counting(later, 3))
    const before = Date.now()
    const slow = consumer({ handleEvents: (_events: readonly number[]) => runtime.sleep(250) })
    const sink = await launch(runtime, slow, { name: 'slow' })
    const { tag } = await sink.subscribe(source, { maxDemand: 2, minDemand: 1 })
    await runtime.advance(2_000)
    expect(spans().map(({ name, attributes }) => ({ name, attributes }))).toEqual(
      [1, 1, 1].map((size) => ({
        name: 'handle slow',
        attributes: {
          'genstage.stage.kind': 'consumer',
          'genstage.stage.name': 'slow',
          'genstage.stage.id': sink.id,
          'genstage.subscription': tag,
          'genstage.batch.size': size,
        },
      })),
    )
    for (const { duration, endTime, status, links } of spans()) {
      expect(inMs(duration)).toBeCloseTo(250, 3)
      expect(inMs(endTime)).toBeGreaterThanOrEqual(before)
      expect(inMs(endTime)).toBeLessThanOrEqual(Date.now())
      expect(status.code).toBe(SpanStatusCode.UNSET)
      expect(links).toEqual([])
    }
  })

  test('without a name spans are grouped by the kind, and not by the id', async () => {
    const { runtime, spans } = instrumented()
    await (await launch(runtime, sinking())).subscribe(await launch(runtime, counting(atOnce, 1)))
    await runtime.settle()
    expect(spans().map(({ name }) => name)).toEqual(['handle consumer'])
  })

  test.each([
    [
      'throws an error',
      () => {
        throw new RangeError('no')
      },
      'no',
      'RangeError',
    ],
    ['rejects', () => Promise.reject(new RangeError('no')), 'no', 'RangeError'],
    // oxlint-disable-next-line typescript/only-throw-error -- that is what is tested
    [
      'throws a string',
      () => {
        throw 'oh'
      },
      "'oh'",
      '_OTHER',
    ],
  ])('one whose callback %s is an error, with the exception', async (_name, fail, message, type) => {
    const { runtime, spans } = instrumented()
    const failing = consumer({ handleEvents: (_events: readonly number[]) => fail() })
    await (await launch(runtime, failing)).subscribe(await launch(runtime, counting(atOnce, 1)))
    await runtime.settle()
    const [span] = spans()
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message })
    expect(span?.attributes['error.type']).toBe(type)
    expect(span?.events.map(({ name, attributes }) => [name, attributes?.['exception.message']])).toEqual([
      ['exception', message],
    ])
  })

  test.each(timings)(
    'it is a root, or a child of what was active where its stage captured that (%s)',
    async (_name, later) => {
      context.setGlobalContextManager(contextManager())
      try {
        const { runtime, spans } = instrumented()
        for (const options of [{}, { context: 'capture' } as const]) {
          const sinking = consumer({ handleEvents: later((_events: readonly number[]) => {}) })
          const sink = await context.with(contextOfSpan(9), () => launch(runtime, sinking, options))
          const source = await launch(runtime, counting(atOnce, 1))
          await context.with(contextOfSpan(7), () => sink.subscribe(source))
          await runtime.settle()
        }
        expect(spans().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([undefined, spanId(9)])
      } finally {
        context.disable()
      }
    },
  )

  interface Order {
    readonly context: ReturnType<typeof contextOfSpan> | undefined
  }

  test('a span is linked to the contexts of its events, to each once', async () => {
    const { runtime, spans } = instrumented({ contextOf: (order: Order) => order.context })
    const [one, two] = [contextOfSpan(1), contextOfSpan(2)]
    const empty = ROOT_CONTEXT.setValue(createContextKey('other'), 1)
    const orders: Order[] = [one, two, undefined, one, empty, two].map((of) => ({ context: of }))
    const sink = await launch(runtime, consumer({ handleEvents(_orders: readonly Order[]) {} }))
    await sink.subscribe(await launch(runtime, fromIterable(orders)))
    await runtime.settle()
    expect(spans().map(({ links }) => links.map(({ context: { spanId } }) => spanId))).toEqual([[spanId(1), spanId(2)]])
  })

  test('it is linked to 128 contexts at most, and no event beyond them is read', async () => {
    let reads = 0
    const contextOf = (event: number) => {
      reads++
      return contextOfSpan(event)
    }
    const { runtime, spans } = instrumented({ contextOf })
    const events = Array.from({ length: 1_000 }, (_, index) => index + 1)
    await (await launch(runtime, sinking())).subscribe(await launch(runtime, fromIterable(events)), {
      maxDemand: 1_000,
      minDemand: 0,
    })
    await runtime.settle()
    expect(spans().map(({ links }) => links.length)).toEqual([128])
    expect(reads).toBe(128)
  })

  test('a contextOf that throws, or returns nonsense, is reported once, and all else continues', async () => {
    const records: LogRecord[] = []
    const contextOf = (event: number) => {
      if (event === 1) throw new Error('no header')
      // @ts-expect-error This is the nonsense.
      return event === 2 ? (7 as ReturnType<typeof contextOfSpan>) : contextOfSpan(event)
    }
    const { runtime, spans, metric } = instrumented({ contextOf }, records)
    await (await launch(runtime, sinking())).subscribe(await launch(runtime, counting(atOnce, 5)), {
      cancel: 'temporary',
    })
    await runtime.settle()
    expect(spans()[0]?.links).toHaveLength(2)
    expect(records.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'contextOf of instrument threw: no header',
    ])
    expect((await metric('genstage.events.handled')).series).toMatchObject([{ value: 5 }])
  })
})

describe('instrument', () => {
  test('exports nothing once it is detached, and may be detached twice', async () => {
    const { runtime, spans, metric, detach } = instrumented()
    detach()
    detach()
    await (await launch(runtime, sinking())).subscribe(await launch(runtime, counting(atOnce, 1)))
    await runtime.settle()
    expect(spans()).toEqual([])
    expect((await metric('genstage.events.handled')).series).toEqual([])
  })

  test('uses the global providers by default, and exports nothing where there are none', async () => {
    const runtime = testRuntime()
    const { tracerProvider, spans } = sdk()
    const detach = instrument({ runtime })
    const sink = await launch(runtime, sinking())
    await sink.subscribe(await launch(runtime, counting(atOnce, 1)))
    await runtime.settle()
    expect(spans()).toEqual([])
    trace.setGlobalTracerProvider(tracerProvider)
    try {
      await sink.subscribe(await launch(runtime, counting(atOnce, 1)))
      await runtime.settle()
      expect(spans()).toHaveLength(1)
    } finally {
      trace.disable()
      detach()
    }
  })

  test.each([
    [{ meterProvider: {} }, 'expected meterProvider to be a meter provider, got: {}'],
    [{ tracerProvider: 1 }, 'expected tracerProvider to be a tracer provider, got: 1'],
    [{ contextOf: 1 }, 'expected contextOf to be a function, got: 1'],
    [{ traceProvider: {} }, 'did you mean tracerProvider?'],
  ])('refuses wrong options: %o', (options, message) => {
    // @ts-expect-error The compiler refuses wrong arguments, too.
    expect(() => instrument(options)).toThrow(message)
  })
})

/** What OpenTelemetry's package for Node brings along, in short. */
function contextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (within, run, that, ...args) => storage.run(within, () => run.apply(that as never, args)),
    bind: (_within, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}

function inMs([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6
}

function spanId(number: number): string {
  return number.toString(16).padStart(16, '0')
}

function contextOfSpan(number: number) {
  const traceId = '1'.padStart(32, '0')
  return trace.setSpanContext(context.active(), { traceId, spanId: spanId(number), traceFlags: TraceFlags.SAMPLED })
}
