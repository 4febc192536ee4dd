import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  createScope,
  ExitError,
  named,
  type ProducerRef,
  producer,
  producerConsumer,
  type Stage,
  StageFailure,
  start,
  stream,
  supervisor,
  to,
} from 'genstage'
import { intoWritable, toReadable } from 'genstage/node'
import { shuffled, type TestRuntime } from 'genstage/testing'
import { toReadableStream } from 'genstage/web'
import { describe, expect, test } from 'vitest'

// A source fails while the stage downstream still holds events, and the owner of both stops them: the supervisor's
// 'shutdown' overtakes the error. A reader of the second stage must not take that for the end of the data.

const boom = new Error('boom')

/** Emits ten events, twice, and fails when it is asked a third time. */
const Failing = (): Stage<ProducerRef<number>> => {
  let asked = 0
  return producer({
    async handleDemand() {
      await Promise.resolve()
      if (++asked > 2) throw boom
      return Array.from({ length: 10 }, (_, index) => asked * 100 + index)
    },
  })
}

const Downstream = (source: ProducerRef<number>) =>
  producerConsumer({
    subscribeTo: [to(source, { maxDemand: 10, minDemand: 0 })],
    handleEvents: (events: readonly number[]) => events.flatMap((event) => [event, event]),
  })

/** How the two stages are owned, and what they are called by. */
const owners: readonly (readonly [string, (runtime: TestRuntime) => Promise<ProducerRef<number>>])[] = [
  ...(['rest-for-one', 'one-for-all'] as const).map(
    (strategy) =>
      [
        `a supervisor with ${strategy}`,
        async (runtime: TestRuntime) => {
          const tree = supervisor({
            strategy,
            maxRestarts: 0,
            children: [
              { name: 'source', start: Failing },
              { name: 'downstream', start: () => Downstream(named('source', { runtime })) },
            ],
          })
          await start(tree, { runtime })
          return named<ProducerRef<number>>('downstream', { runtime })
        },
      ] as const,
  ),
  [
    'a scope',
    async (runtime) => {
      const scope = createScope({ runtime })
      scope.done.catch(() => {})
      const source = await scope.startLink(Failing())
      return scope.startLink(Downstream(source))
    },
  ],
]

describe.each(owners)('owned by %s, the failure reaches', (_owner, begin) => {
  test('a loop over a stream, after the events that came before it', async () => {
    await shuffled(40, async (runtime) => {
      const downstream = await begin(runtime)
      const seen: number[] = []
      const reading = (async () => {
        for await (const event of stream([to(downstream, { maxDemand: 4, minDemand: 2 })])) seen.push(event)
      })()
      const error: unknown = await runtime.settle(reading.catch((thrown: unknown) => thrown))
      expect(error).toBeInstanceOf(ExitError)
      expect((error as ExitError).cause).toBe(boom)
      expect((error as ExitError).message).toMatch(/^stream: producer .* exited with reason Error: boom/)
      expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    })
  })

  test('a pipeline that writes a Readable of it', async () => {
    await shuffled(20, async (runtime) => {
      const downstream = await begin(runtime)
      const written: unknown[] = []
      const sink = new Writable({
        objectMode: true,
        highWaterMark: 1,
        write(chunk, _encoding, done) {
          written.push(chunk)
          queueMicrotask(done)
        },
      })
      await expect(runtime.settle(pipeline(toReadable(downstream), sink))).rejects.toBe(boom)
    })
  })

  test('a ReadableStream', async () => {
    await shuffled(20, async (runtime) => {
      const downstream = await begin(runtime)
      const reader = toReadableStream(downstream).getReader()
      const read = async (): Promise<void> => {
        while (!(await reader.read()).done);
      }
      await expect(runtime.settle(read())).rejects.toBe(boom)
    })
  })

  test('a stage that writes a file: it is not completed', async () => {
    await shuffled(20, async (runtime) => {
      const downstream = await begin(runtime)
      let isFinished = false
      const file = new Writable({
        objectMode: true,
        write: (_chunk, _encoding, done) => queueMicrotask(done),
        final(done) {
          isFinished = true
          done()
        },
      })
      const closed = new Promise<unknown>((resolve) => {
        file.on('error', resolve)
      })
      const writer = await start(intoWritable<number>(file), { runtime })
      const subscribed = writer.subscribe(downstream).catch(() => {})
      await runtime.settle(Promise.race([writer.exited, subscribed.then(() => writer.exited)]))
      expect(isFinished).toBe(false)
      expect(await closed).toBe(boom)
      await expect(writer.done).rejects.toThrow(StageFailure)
    })
  })
})

test("'shutdown' is a clean end where the owner of the stage, or the program, shut it down on purpose", async () => {
  await shuffled(30, async (runtime) => {
    const Endless = () => producer({ handleDemand: async () => [1] })
    const ends: ((ref: ProducerRef<number>) => unknown)[] = [
      (ref) => ref.stop('shutdown'),
      (ref) => ref.drain(),
      (ref) => ref.exit('shutdown'),
    ]
    for (const end of ends) {
      const ref = await start(Endless(), { runtime })
      let taken = 0
      for await (const _event of stream([to(ref, { maxDemand: 1 })])) if (++taken === 3) void end(ref)
      expect(taken).toBeGreaterThanOrEqual(3)
    }
    const scope = createScope({ runtime })
    const ref = await scope.startLink(Endless())
    let taken = 0
    for await (const _event of stream([to(ref, { maxDemand: 1 })])) if (++taken === 3) void scope[Symbol.asyncDispose]()
    await scope.done
    const root = await start(supervisor({ strategy: 'one-for-one', children: [{ name: 'one', start: Endless }] }), {
      runtime,
    })
    taken = 0
    const one = named<ProducerRef<number>>('one', { runtime })
    for await (const _event of stream([to(one, { maxDemand: 1 })])) if (++taken === 3) void root.terminateChild('one')
    void root.stop()
  })
})

test('a sibling that ended cleanly and is started again interrupts the others: what they write is not complete', async () => {
  await shuffled(30, async (runtime) => {
    const Ending = () =>
      producer({
        handleDemand: (demand) => Array.from({ length: demand }, (_, index) => index),
        handleInfo: () => ({ stop: 'normal' }),
      })
    await start(
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { name: 'source', start: Ending },
          { name: 'downstream', start: () => Downstream(named('source', { runtime })) },
        ],
      }),
      { runtime },
    )
    const reading = (async () => {
      const downstream = named<ProducerRef<number>>('downstream', { runtime })
      for await (const _event of stream([to(downstream, { maxDemand: 1 })])) named('source', { runtime }).send('end')
    })()
    const error: unknown = await runtime.settle(reading.catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(ExitError)
    expect(String(error)).toMatch(/restarts its children/)
  })
})
