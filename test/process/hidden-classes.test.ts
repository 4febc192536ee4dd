import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { expect, it } from 'vitest'
import { consumer, producer, start, task } from '../../src/index.ts'
import { FairSchedule } from '../../src/process/schedule/scheduler.ts'

// V8 reports the shape of an object. A clock would show the same, but only on a quiet machine.
setFlagsFromString('--allow-natives-syntax')
const haveSameShape = runInThisContext('(one, other) => %HaveSameMap(one, other)') as (
  one: unknown,
  other: unknown,
) => boolean
const isFast = runInThisContext('(object) => %HasFastProperties(object)') as (object: unknown) => boolean

it('the contexts of tasks have one hidden class, and those of stages', async () => {
  const contexts: unknown[] = []
  for (let index = 0; index < 2; index++) {
    const ref = await start(task((context) => void contexts.push(context)))
    await ref.exited
  }
  expect(haveSameShape(contexts[0], contexts[1])).toBe(true)
  expect(isFast(contexts[0])).toBe(true)
  for (let index = 2; index < 4; index++) {
    const ref = await start(
      consumer((context) => {
        contexts.push(context)
        return { handleEvents() {} }
      }),
    )
    await ref.stop()
  }
  expect(haveSameShape(contexts[2], contexts[3])).toBe(true)
  expect(isFast(contexts[2])).toBe(true)
})

it('the schedule that every message goes through is no hash table', () => {
  const schedule = new FairSchedule()
  schedule.add({ id: '1', turn: () => 1 })
  expect(schedule.size).toBe(1)
  expect(isFast(schedule)).toBe(true)
})

it('the demand that a producer receives is a small integer, not a boxed number', async () => {
  const hasSmallIntegers = runInThisContext('(array) => %HasSmiElements(array)') as (array: unknown) => boolean
  const boxed: number[] = []
  let handled = 0
  // `Array.of` chooses by the value itself, not by what it was given before.
  const source = await start(
    producer({
      handleDemand(demand: number) {
        if (!hasSmallIntegers(Array.of(demand))) boxed.push(demand)
        return handled < 100_000 ? Array.from({ length: demand }, () => 0) : { stop: 'normal' }
      },
    }),
  )
  const sink = await start(
    consumer({
      handleEvents(events: readonly number[]) {
        handled += events.length
      },
    }),
  )
  await sink.subscribe(source)
  await sink.exited
  expect(handled).toBeGreaterThanOrEqual(100_000)
  expect(boxed).toEqual([])
})
