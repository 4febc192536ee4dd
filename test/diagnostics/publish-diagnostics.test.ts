import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { consumer, fromIterable } from 'genstage'
import { type DiagnosticsMessage, diagnosticsChannelOf, publishDiagnostics } from 'genstage/diagnostics'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { launch } from '../stage/test-stages.ts'

async function sizesHeard(run: (runtime: ReturnType<typeof testRuntime>) => Promise<void>): Promise<number[]> {
  const sizes: number[] = []
  const listen = (message: unknown): void => {
    sizes.push((message as DiagnosticsMessage<'batch.handled'>).measurements.size)
  }
  subscribe(diagnosticsChannelOf('batch.handled'), listen)
  await run(testRuntime()).finally(() => unsubscribe(diagnosticsChannelOf('batch.handled'), listen))
  return sizes
}

async function runPipeline(runtime: ReturnType<typeof testRuntime>): Promise<void> {
  const source = await launch(runtime, fromIterable([1, 2, 3, 4, 5]))
  const sink = await launch(runtime, consumer({ handleEvents(_events: readonly number[]) {} }))
  await sink.subscribe(source, { maxDemand: 2, cancel: 'temporary' })
  await source.exited
  await runtime.settle()
}

test('publishes each event on a channel of its own', async () => {
  const sizes = await sizesHeard(async (runtime) => {
    publishDiagnostics({ runtime })
    await runPipeline(runtime)
  })
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5)
})

test('publishes no more once it was ended, and nothing of other runtimes', async () => {
  const sizes = await sizesHeard(async (runtime) => {
    publishDiagnostics({ runtime: testRuntime() })
    const end = publishDiagnostics({ runtime })
    end()
    end()
    await runPipeline(runtime)
  })
  expect(sizes).toEqual([])
})

test('names its channels by convention', () => {
  expect(diagnosticsChannelOf('stage.started')).toBe('genstage:stage.started')
})
