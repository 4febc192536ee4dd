import { consumer, producer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { counting, launch } from './test-stages.ts'

describe('batches', () => {
  test('are frozen in a test, so that a callback that changes one fails', async () => {
    const runtime = testRuntime()
    const source = await launch(
      runtime,
      counting((callback) => callback, 4),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents(events: readonly number[]) {
          ;(events as number[]).reverse()
          ;(events as number[]).push(1)
        },
      }),
    )
    await sink.subscribe(source, { cancel: 'temporary' })
    expect(await sink.exited).toBeInstanceOf(TypeError)
    const lax = testRuntime({ freezeBatches: false })
    const again = await launch(
      lax,
      counting((callback) => callback, 4),
    )
    const other = await launch(
      lax,
      consumer({
        handleEvents(events: readonly number[]) {
          ;(events as number[]).reverse()
        },
      }),
    )
    await other.subscribe(again)
    await lax.settle()
    await other.stop()
  })

  test('are passed on without a copy when they fit', async () => {
    const runtime = testRuntime()
    const given = [1, 2, 3, 4]
    const got: unknown[] = []
    const source = await launch(
      runtime,
      producer({ handleDemand: () => [], handleCast: { emit: (events: readonly number[]) => events } }),
    )
    const sink = await launch(
      runtime,
      consumer({
        handleEvents(events: readonly number[]) {
          got.push(events)
        },
      }),
    )
    await sink.subscribe(source, { maxDemand: 8, minDemand: 4 })
    await runtime.settle()
    source.cast('emit', given)
    await runtime.settle()
    expect(got[0]).toBe(given)
  })
})
