import { setImmediate } from 'node:timers/promises'
import { producerConsumer } from 'genstage'
import { toDuplex } from 'genstage/node'
import { shuffled, testRuntime } from 'genstage/testing'
import { toTransform } from 'genstage/web'
import { expect, test } from 'vitest'
import { gate, range } from '../stage/test-stages.ts'
import { turns } from './test-stages.ts'

/** Takes one event, and then has had enough. */
const once = () => producerConsumer({ handleEvents: (events: readonly number[]) => ({ events, stop: 'normal' }) })

test('a duplex can be ended after its stage has ended, while its output is still to be read', async () => {
  await shuffled(10, async (runtime, seed) => {
    const duplex = toDuplex(once(), { runtime, highWaterMark: 1 + (seed % 3) })
    const events: string[] = []
    duplex.on('finish', () => events.push('finish')).on('error', () => events.push('error'))
    duplex.write(1)
    // Reading begins, so that the stage is asked, and stops before the end is read.
    await new Promise<void>((resolve) => duplex.once('readable', resolve))
    await turns()
    expect(events).toEqual([])
    duplex.end()
    await turns()
    expect(events).toEqual(['finish'])
    expect(duplex.read()).toBe(1)
    const ended = new Promise((resolve) => duplex.once('end', () => resolve('ended')))
    duplex.resume()
    expect(await Promise.race([ended, setImmediate('late')])).toBe('ended')
  })
})

test('many writes at once are taken as the stage asks for them, and not before', async () => {
  await shuffled(10, async (runtime) => {
    const held = gate()
    const taken: number[] = []
    const stage = producerConsumer({
      async handleEvents(events: readonly number[]) {
        taken.push(...events)
        await held.opened
        return events
      },
    })
    const duplex = toDuplex(stage, { runtime, highWaterMark: 2 })
    let written = 0
    duplex.cork()
    for (const event of range(0, 10)) duplex.write(event, () => written++)
    duplex.uncork()
    const events = duplex.toArray()
    await turns()
    expect(taken.length).toBeLessThanOrEqual(2)
    expect(written).toBe(0)
    duplex.end()
    held.open()
    expect(await events).toEqual(range(0, 10))
    expect(written).toBe(10)
  })
})

test('a duplex that is ended at once, before its stage is set up, ends', async () => {
  const runtime = testRuntime()
  const ended = new Promise<unknown[]>((resolve, reject) => {
    // In a task of the event loop: here what Node defers comes before the first turn of the stage.
    setTimeout(() => {
      const duplex = toDuplex(producerConsumer({ handleEvents: (events: readonly number[]) => events }), { runtime })
      duplex.end()
      duplex.toArray().then(resolve, reject)
    }, 0)
  })
  expect(await ended).toEqual([])
})

test('a stage may take as long to be set up as it likes', async () => {
  const runtime = testRuntime()
  const stage = producerConsumer(async () => {
    await runtime.sleep(60_000)
    return { handleEvents: (events: readonly number[]) => events }
  })
  const duplex = toDuplex(stage, { runtime })
  duplex.end(1)
  const events = duplex.toArray()
  await runtime.advance(60_000)
  expect(await events).toEqual([1])
})

test('a transform whose stage cannot be set up fails a close that waits for it', async () => {
  const boom = new Error('boom')
  const setUp = gate()
  const runtime = testRuntime()
  const { writable } = toTransform(
    producerConsumer(async () => {
      await setUp.opened
      return { handleEvents: (events: readonly number[]) => events }
    }),
    { runtime },
  )
  const writer = writable.getWriter()
  const closed = Promise.allSettled([writer.close(), writer.closed])
  await turns()
  setUp.fail(boom)
  const outcomes = await Promise.race([closed, turns(50)])
  expect(outcomes).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
})
