import { expect, test } from 'vitest'
import { producerConsumer, start } from '../../../src/index.ts'
import { healthy } from '../../../src/observe/snapshot/index.ts'
import { collector, counter, hangingConsumer, testRuntime } from '../../../src/testing/index.ts'
import { briefly, starterIn, ticking } from './pipelines.ts'

test('a runtime is healthy until there is a problem', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  expect(healthy({ runtime })).toEqual({ isHealthy: true, findings: [] })
  await (await begin('sink', hangingConsumer<number>())).subscribe(await begin('numbers', counter()))
  await runtime.advance(9_000)
  expect(healthy({ runtime })).toEqual({ isHealthy: true, findings: [] })
  await runtime.advance(2_000)
  const { isHealthy, findings } = healthy({ runtime })
  expect(isHealthy).toBe(false)
  expect(briefly(findings)).toEqual(['problem: stuck-callback at consumer sink'])
  expect(healthy({ runtime, stuckAfter: Number.POSITIVE_INFINITY })).toEqual({ isHealthy: true, findings: [] })
})

test('a warning does not make a runtime unhealthy', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  await begin('ticks', ticking(5, 1_000, 10))
  healthy({ runtime })
  await runtime.advance(5_000)
  const { isHealthy, findings } = healthy({ runtime })
  expect(isHealthy).toBe(true)
  expect(briefly(findings)).toEqual(['warning: discards at producer ticks'])
})

test('calls see what has grown since those before them, however often there are some', async () => {
  const runtime = testRuntime()
  const busy = await start(
    producerConsumer({
      handleEvents: (events: readonly number[]) => events,
      handleInfo: () => runtime.sleep(1_000).then(() => []),
    }),
    { runtime, name: 'busy' },
  )
  const found: string[][] = []
  for (let second = 0; second < 30; second++) {
    for (let message = 0; message < 100; message++) busy.send(message)
    for (let often = 0; often < 20; often++) found[second] = briefly(healthy({ runtime }).findings)
    await runtime.advance(1_000)
  }
  expect(found[9]).toEqual([])
  expect(found[29]).toEqual(['warning: mailbox-grows at producer-consumer busy'])
})

test('of former calls the last twelve are remembered, that lie a second apart', async () => {
  const runtime = testRuntime()
  await starterIn(runtime)('ticks', ticking(5, 1_000, 10))
  for (let second = 0; second < 60; second++) {
    healthy({ runtime })
    await runtime.advance(1_000)
  }
  const { findings } = healthy({ runtime, window: 3_600_000 })
  expect(findings[0]?.text).toContain('producer ticks has dropped 60 events within 12 s')
})

test('each runtime is remembered by itself', async () => {
  const [one, other] = [testRuntime(), testRuntime()]
  await starterIn(one)('ticks', ticking(5, 1_000, 10))
  await starterIn(other)('sink', collector<number>([]))
  for (let look = 0; look < 3; look++) {
    healthy({ runtime: one })
    healthy({ runtime: other })
    await Promise.all([one.advance(5_000), other.advance(5_000)])
  }
  expect(healthy({ runtime: one }).findings).toHaveLength(1)
  expect(healthy({ runtime: other }).findings).toEqual([])
})
