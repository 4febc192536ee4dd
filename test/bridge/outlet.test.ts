import { fromIterable } from 'genstage'
import { toReadable } from 'genstage/node'
import { shuffled, testRuntime } from 'genstage/testing'
import { toReadableStream } from 'genstage/web'
import { expect, test } from 'vitest'
import { Outlet } from '../../src/bridge/stream/outlet.ts'
import { atOnce, counting, launch, range } from '../stage/test-stages.ts'
import { turns } from './test-stages.ts'

test('hands out nothing more once it was left, in the middle of a batch too', async () => {
  await shuffled(20, async (runtime, seed) => {
    const source = await launch(runtime, fromIterable(range(0, 100)))
    const seen: unknown[] = []
    const calls: string[] = []
    const outlet = new Outlet('a test', source, {
      accept(event) {
        seen.push(event)
        if (seen.length === 1 + (seed % 9)) outlet.cancel('normal')
      },
      end: () => calls.push('end'),
      fail: () => calls.push('fail'),
    })
    outlet.want(10)
    await runtime.settle()
    expect(seen).toEqual(range(0, 1 + (seed % 9)))
    outlet.want(10)
    await runtime.settle()
    expect([seen.length, calls]).toEqual([1 + (seed % 9), []])
  })
})

test('asks for all that was wanted before it was connected', async () => {
  await shuffled(10, async (runtime) => {
    const source = await launch(runtime, fromIterable(range(0, 100)))
    const seen: unknown[] = []
    const outlet = new Outlet('a test', source, { accept: (event) => seen.push(event), end() {}, fail() {} })
    outlet.want(3)
    outlet.want(10)
    await runtime.settle()
    expect(seen).toEqual(range(0, 10))
  })
})

test('asks for nothing once it was left, also where that was before anything was wanted', async () => {
  const runtime = testRuntime()
  const demands: number[] = []
  const source = await launch(runtime, counting(atOnce, 100, demands))
  const outlet = new Outlet('a test', source, { accept() {}, end() {}, fail() {} })
  outlet.cancel('normal')
  outlet.want(10)
  await runtime.settle()
  expect(demands).toEqual([])
})

test('a reader that leaves in the middle of a batch gets nothing more of it', async () => {
  const runtime = testRuntime()
  const seen: unknown[] = []
  const readable = toReadable(await launch(runtime, fromIterable(range(0, 100))))
  readable.on('data', (event) => {
    seen.push(event)
    if (seen.length === 3) readable.destroy()
  })
  await turns()
  expect(seen).toEqual([0, 1, 2])
  const reader = toReadableStream(await launch(runtime, fromIterable(range(0, 100)))).getReader()
  expect((await reader.read()).value).toBe(0)
  await reader.cancel()
  expect(await reader.read()).toEqual({ done: true, value: undefined })
})
