import { stream } from 'genstage'
import { fromCallback, type Push } from 'genstage/bridge'
import { shuffled, testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { type LogRecord, launch, range, recording } from '../stage/test-stages.ts'

/** A source that a test pushes by hand. */
function pushed() {
  const source = {
    push: undefined as unknown as Push<number>,
    connect: (push: Push<number>) => {
      source.push = push
    },
  }
  return source
}

test.each(['drop-oldest', 'drop-newest'] as const)('each dropped event is reported once: %s', async (whenFull) => {
  await shuffled(30, async (runtime, seed) => {
    const source = pushed()
    const reported: number[] = []
    const formatDiscarded = (count: number): boolean => {
      reported.push(count)
      return false
    }
    const options = { whenFull, bufferSize: seed % 4, formatDiscarded } as const
    const stage = await launch(runtime, fromCallback<number>(source.connect, options))
    for (const number of range(0, 100)) {
      source.push.emit(number)
      if (runtime.random.below(8) === 0) await runtime.settle()
    }
    await runtime.settle()
    const sum = reported.reduce((total, count) => total + count, 0)
    expect(sum).toBe(100 - (seed % 4))
    expect(await stage.call('discarded')).toBe(sum)
  })
})

test('a burst that overflows is one line in the log, and a later event is none', async () => {
  const records: LogRecord[] = []
  const runtime = testRuntime({ logger: recording(records) })
  const source = pushed()
  const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'drop-newest', bufferSize: 2 }))
  const seen: number[] = []
  for (const number of range(0, 5)) source.push.emit(number)
  await runtime.settle()
  const dropped = (): unknown[] => records.filter(({ level }) => level === 'warn').map(({ facts }) => facts.discarded)
  expect(dropped()).toEqual([3])
  const reading = (async () => {
    for await (const number of stream([stage])) seen.push(number)
  })()
  await runtime.settle()
  source.push.emit(5)
  source.push.end()
  await reading
  expect(seen).toEqual([0, 1, 5])
  expect(dropped()).toEqual([3])
})
