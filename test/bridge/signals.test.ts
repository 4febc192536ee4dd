import { getEventListeners } from 'node:events'
import { Writable } from 'node:stream'
import { producerConsumer } from 'genstage'
import { fromCallback } from 'genstage/bridge'
import { intoWritable, toDuplex, toReadable } from 'genstage/node'
import { testRuntime } from 'genstage/testing'
import { toReadableStream, toTransform } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { atOnce, counting, launch } from '../stage/test-stages.ts'
import { turns } from './test-stages.ts'

const listeners = ({ signal }: AbortController): number => getEventListeners(signal, 'abort').length
const same = () => producerConsumer({ handleEvents: (events: readonly number[]) => events })

describe('a signal that is aborted', () => {
  test("with the reason 'normal' ends a stage all the same", async () => {
    const controller = new AbortController()
    const { signal } = controller
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      fromCallback<number>(() => {}, { whenFull: 'fail', signal }),
    )
    const sink = await launch(runtime, intoWritable(new Writable({ objectMode: true }), { signal }))
    controller.abort('normal')
    await runtime.settle(Promise.all([source.exited, sink.exited]))
  })
})

describe('a signal that is never aborted is listened to no more', () => {
  test('once a Readable is destroyed, or has ended', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const { signal } = controller
    const destroyed = toReadable(await launch(runtime, counting(atOnce, 10)), { signal })
    destroyed.destroy()
    const source = await launch(runtime, counting(atOnce, 3))
    const ended = toReadable(source, { signal })
    const events = ended.toArray()
    await turns()
    await source.stop()
    expect(await events).toEqual([0, 1, 2])
    await turns()
    expect(listeners(controller)).toBe(0)
  })

  test('once a Duplex is destroyed, or has ended', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const { signal } = controller
    toDuplex(same(), { runtime, signal }).destroy()
    const ended = toDuplex(same(), { runtime, signal })
    const events = ended.toArray()
    ended.end(1)
    expect(await events).toEqual([1])
    await turns()
    expect(listeners(controller)).toBe(0)
  })

  test('once a ReadableStream is cancelled, or a transform is over', async () => {
    const runtime = testRuntime()
    const controller = new AbortController()
    const { signal } = controller
    await toReadableStream(await launch(runtime, counting(atOnce, 10)), { signal }).cancel()
    await toTransform(same(), { runtime, signal }).readable.cancel('enough')
    await turns()
    expect(listeners(controller)).toBe(0)
  })
})
