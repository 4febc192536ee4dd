import { consumer } from 'genstage'
import { observer, snapshot } from 'genstage/snapshot'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { launch } from '../../stage/test-stages.ts'

/** Busy for so many milliseconds when it is sent a number. */
const sleeper = (runtime: TestRuntime) =>
  consumer<unknown>({
    handleEvents() {},
    handleInfo: async (ms: number) => {
      await runtime.sleep(ms)
    },
  })

const busyIn = (runtime: TestRuntime) => snapshot({ runtime }).stages.map(({ busy }) => busy)

test('time is counted in whole microseconds, and only while an observer is open', async () => {
  const runtime = testRuntime()
  const stage = await launch(runtime, sleeper(runtime))
  stage.send(100)
  await runtime.advance(100)
  expect(busyIn(runtime)).toEqual([0])
  expect(snapshot({ runtime }).isObserved).toBe(false)

  const watching = observer({ runtime })
  expect(snapshot({ runtime }).isObserved).toBe(true)
  stage.send(30)
  await runtime.advance(500)
  expect(busyIn(runtime)).toEqual([30_000])
  watching.close()

  expect(snapshot({ runtime }).isObserved).toBe(false)
  stage.send(100)
  await runtime.advance(100)
  expect(busyIn(runtime)).toEqual([30_000])
})

test('of a promise that is pending only what was observed counts, as it passes', async () => {
  const runtime = testRuntime()
  const stage = await launch(runtime, sleeper(runtime))
  stage.send(1_000)
  await runtime.advance(400)
  const first = observer({ runtime })
  expect(busyIn(runtime)).toEqual([0])
  await runtime.advance(100)
  expect(busyIn(runtime)).toEqual([100_000])
  first.close()
  // It is a total: it does not go back, also without an observer, and continues from there.
  expect(busyIn(runtime)).toEqual([100_000])
  await runtime.advance(200)
  expect(busyIn(runtime)).toEqual([100_000])
  const second = observer({ runtime })
  await runtime.advance(50)
  expect(busyIn(runtime)).toEqual([150_000])
  await runtime.advance(1_000)
  expect(busyIn(runtime)).toEqual([400_000])
  second.close()
  expect(busyIn(runtime)).toEqual([400_000])
})

test('it is measured as long as any observer is open', async () => {
  const runtime = testRuntime()
  const stage = await launch(runtime, sleeper(runtime))
  const [one, other] = [observer({ runtime }), observer({ runtime })]
  stage.send(1_000)
  await runtime.advance(100)
  one.close()
  one.close()
  await runtime.advance(100)
  expect(snapshot({ runtime }).isObserved).toBe(true)
  expect(busyIn(runtime)).toEqual([200_000])
  other.close()
  expect(snapshot({ runtime }).isObserved).toBe(false)
})
