import { fromIterable } from 'genstage'
import { LineTooLongError, splitLines } from 'genstage/bridge'
import { producerProbe, shuffled, testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { atOnce, collecting, launch } from '../stage/test-stages.ts'

test('a text stage subscribes to its sources once, however many consumers come', async () => {
  await shuffled(20, async (runtime) => {
    const source = await launch(runtime, fromIterable(['a\nb\n', 'c\nd\n', 'e\n']))
    const lines = await launch(runtime, splitLines({ subscribeTo: [source] }))
    const seen: string[] = []
    const sinks = await Promise.all([1, 2, 3].map(() => launch(runtime, collecting(atOnce, seen))))
    await Promise.all(sinks.map((sink) => sink.subscribe(lines, { maxDemand: 1, cancel: 'temporary' })))
    expect(await lines.exited).toBe('normal')
    await runtime.settle()
    expect([...seen].sort((one, other) => (one < other ? -1 : 1))).toEqual(['a', 'b', 'c', 'd', 'e'])
  })
})

test('a line that is one too long before its return fails at once, without waiting for more', async () => {
  const runtime = testRuntime()
  const source = producerProbe<string>(runtime)
  const lines = await launch(runtime, splitLines({ maxLength: 3 }))
  await lines.subscribe(source.ref)
  const sink = await launch(runtime, collecting(atOnce, []))
  await sink.subscribe(lines, { cancel: 'temporary' })
  source.emit(['abc\r'])
  await runtime.settle()
  source.emit(['\nabcd\r'])
  expect(await runtime.settle(lines.exited)).toBeInstanceOf(LineTooLongError)
})
