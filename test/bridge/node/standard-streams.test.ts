import { fromIterable } from 'genstage'
import { intoWritable } from 'genstage/node'
import { testRuntime } from 'genstage/testing'
import { expect, test, vi } from 'vitest'
import { launch } from '../../stage/test-stages.ts'

test.each(['stdout', 'stderr'] as const)('%s stays open when the stage that wrote into it ends', async (name) => {
  const stream: NodeJS.WriteStream = process[name]
  const end = vi.spyOn(stream, 'end').mockImplementation(() => stream)
  const destroy = vi.spyOn(stream, 'destroy').mockImplementation(() => stream)
  try {
    const runtime = testRuntime()
    const source = await launch(runtime, fromIterable<string>([]))
    const sink = await launch(runtime, intoWritable<string>(stream, { subscribeTo: [source] }))
    expect(await runtime.settle(sink.exited)).toBe('normal')
    const failing = await launch(runtime, intoWritable<string>(stream))
    await failing.stop(new Error('boom'))
    expect([end.mock.calls, destroy.mock.calls]).toEqual([[], []])
  } finally {
    vi.restoreAllMocks()
  }
})
