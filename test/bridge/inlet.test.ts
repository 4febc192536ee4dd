import { setImmediate } from 'node:timers/promises'
import { producerConsumer } from 'genstage'
import { toDuplex } from 'genstage/node'
import { shuffled } from 'genstage/testing'
import { expect, test } from 'vitest'
import { turns } from './cast.ts'

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
