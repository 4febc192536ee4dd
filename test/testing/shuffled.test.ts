import { consumer, type StageRef, start } from 'genstage'
import { collector, counter, shuffled, type TestRuntime } from 'genstage/testing'
import { afterEach, describe, expect, test } from 'vitest'

afterEach(() => {
  delete process.env.GENSTAGE_SEED
})

/** Which of two stages that were sent a message each is the first to handle it. */
async function firstOfTwo(runtime: TestRuntime): Promise<unknown> {
  const received: unknown[] = []
  const recorder = () =>
    consumer({
      handleEvents() {},
      handleInfo(message: unknown) {
        received.push(message)
      },
    })
  const stages: StageRef[] = [await start(recorder(), { runtime }), await start(recorder(), { runtime })]
  for (const [index, stage] of stages.entries()) stage.send(index)
  await runtime.settle()
  return received[0]
}

describe('shuffled', () => {
  test('runs the body in a runtime of its own for each seed', async () => {
    const runs: [TestRuntime, number][] = []
    await shuffled(5, (runtime, seed) => void runs.push([runtime, seed]))
    expect(runs.map(([runtime, seed]) => [runtime.seed, seed])).toEqual([1, 2, 3, 4, 5].map((seed) => [seed, seed]))
    expect(new Set(runs.map(([runtime]) => runtime)).size).toBe(5)
  })

  test('tries different schedules', async () => {
    const firsts = new Set<unknown>()
    await shuffled(20, async (runtime) => void firsts.add(await firstOfTwo(runtime)))
    expect(firsts).toEqual(new Set([0, 1]))
  })

  test('stops at the first that fails, and names its seed and what the body threw', async () => {
    const seeds: number[] = []
    const failure = new Error('expected 1, got 0')
    const outcome = shuffled(100, (_runtime, seed) => {
      seeds.push(seed)
      if (seed === 3) throw failure
    })
    await expect(outcome).rejects.toMatchObject({
      message: 'failed under the schedule of seed 3 (to replay it, set GENSTAGE_SEED=3): expected 1, got 0',
      cause: failure,
    })
    expect(seeds).toEqual([1, 2, 3])
  })

  test('replays exactly what failed, by the seed that is handed in', async () => {
    const body = async (runtime: TestRuntime): Promise<void> => {
      const seen: number[] = []
      const numbers = await start(counter(), { runtime })
      const sink = await start(collector(seen), { runtime })
      await sink.subscribe(numbers, { maxDemand: 1 + runtime.random.below(5) })
      for (let cast = 0; cast < 3; cast++) sink.send(runtime.random.pick(['a', 'b', 'c']))
      await sink.stop()
      const first = await firstOfTwo(runtime)
      throw new Error(`${first}, ${runtime.steps}, ${seen.length}, ${runtime.random.below(1_000)}`)
    }
    const messages: string[] = []
    for (const seed of [7, 8, 7]) await shuffled(1, body, seed).catch((error: Error) => messages.push(error.message))
    expect(messages[2]).toBe(messages[0])
    expect(messages[1]).not.toBe(messages[0])
  })

  test('runs only the seed that GENSTAGE_SEED specifies', async () => {
    const seeds: number[] = []
    process.env.GENSTAGE_SEED = '42'
    await shuffled(100, (_runtime, seed) => void seeds.push(seed), 5)
    expect(seeds).toEqual([42])
  })

  test('takes the third argument for the first seed', async () => {
    const seeds: number[] = []
    await shuffled(3, (_runtime, seed) => void seeds.push(seed), -1)
    expect(seeds).toEqual([-1, 0, 1])
  })

  test('refuses counts and seeds that are no integers', async () => {
    await expect(shuffled(0, () => {})).rejects.toThrow('expected count to be an integer of at least 1, got: 0')
    await expect(shuffled(1, () => {}, 0.5)).rejects.toThrow('expected seed to be an integer')
    process.env.GENSTAGE_SEED = 'all'
    await expect(shuffled(1, () => {})).rejects.toThrow("expected GENSTAGE_SEED to be an integer, got: 'all'")
  })
})
