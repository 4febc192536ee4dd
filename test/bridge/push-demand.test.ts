import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { fromCallback, type Push } from 'genstage/bridge'
import { fromEmitter, fromReadable } from 'genstage/node'
import { consumerProbe, shuffled } from 'genstage/testing'
import { expect, test } from 'vitest'
import { launch, range } from '../stage/test-stages.ts'

/** A source that a test pushes by hand. */
function pushed() {
  const source = {
    push: undefined as unknown as Push<number>,
    connect: (push: Push<number>) => {
      source.push = push
    },
  }
  return source
}

test('a burst that meets demand is not dropped, however often the buffer was full and emptied before', async () => {
  await shuffled(10, async (runtime) => {
    const source = pushed()
    const bufferSize = 10
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'drop-newest', bufferSize }))
    const probe = consumerProbe<number>(runtime)
    await probe.subscribe(stage)
    let next = 0
    const burst = (count: number): number[] => {
      const events = range(next, next + count)
      for (const event of events) source.push.emit(event)
      next += count
      return events
    }
    for (let round = 0; round < 5; round++) {
      const events = burst(bufferSize)
      await probe.expectNothing()
      probe.ask(bufferSize)
      await probe.expectEvents(events)
    }
    probe.ask(100)
    await runtime.settle()
    await probe.expectEvents(burst(100))
    expect(await stage.call('discarded')).toBe(0)
  })
})

test('a failure comes after the events that were pushed before it', async () => {
  await shuffled(20, async (runtime) => {
    const boom = new Error('boom')
    const source = pushed()
    const stage = await launch(runtime, fromCallback<number>(source.connect, { whenFull: 'fail' }))
    const probe = consumerProbe<number>(runtime)
    await probe.subscribe(stage)
    probe.ask(10)
    await runtime.settle()
    for (const event of range(0, 5)) source.push.emit(event)
    source.push.fail(boom)
    await probe.expectEvents(range(0, 5)).catch(() => {})
    expect(probe.events).toEqual(range(0, 5))
    await probe.expectCancelled(boom)
  })
})

test('what only looks like an emitter is refused, and minDemand beside the source', () => {
  const withoutOff = Object.assign(new EventEmitter(), { off: undefined })
  expect(() => fromEmitter(withoutOff, 'data', { whenFull: 'fail' })).toThrow('expected an EventEmitter')
  for (const option of ['maxDemand', 'minDemand']) {
    expect(() => fromReadable(Readable.from([]), { [option]: 1 })).toThrow(`expected ${option} in the subscription`)
  }
})
