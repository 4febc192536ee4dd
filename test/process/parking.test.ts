import { createHook } from 'node:async_hooks'
import { consumer, producer, producerConsumer, start } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { gate } from './gate.ts'
import { acting, collecting } from './plain-stages.ts'

/** Something with a `then` that is no promise. */
// oxlint-disable-next-line unicorn/no-thenable -- the test is that callbacks may return one
const thenable = (run: (resolve: (value: unknown) => void) => void): object => Object.fromEntries([['then', run]])

describe('synchronous first', () => {
  test('a chain of callbacks that return plain values runs within one microtask', async () => {
    // Its slices are counted in turns, so that no slow machine ends one here.
    const runtime = testRuntime()
    const received: unknown[] = []
    let next = await start(collecting(received), { runtime })
    for (let length = 0; length < 50; length++) {
      const after = next
      next = await start(
        acting((message) => after.send(message)),
        { runtime },
      )
    }
    next.send('passed on')
    expect(received).toEqual([])
    // The run queue is drained by a microtask that was queued by the send, so before this one.
    await Promise.resolve()
    expect(received).toEqual(['passed on'])
  })

  test('a pipeline of callbacks that return plain values creates no promise', async () => {
    const runtime = testRuntime()
    let emitted = 0
    const last = 100_000
    const source = await start(
      producer({
        handleDemand(demand) {
          const count = Math.min(demand, last - emitted)
          return Array.from({ length: count }, () => emitted++)
        },
      }),
      { runtime },
    )
    const middle = await start(producerConsumer({ handleEvents: (events: readonly number[]) => [...events] }), {
      runtime,
    })
    let handled = 0
    const sink = await start(
      consumer({
        handleEvents(events: readonly number[]) {
          handled += events.length
        },
      }),
      { runtime },
    )
    await sink.subscribe(middle, { maxDemand: 10 })
    let promises = 0
    const hook = createHook({
      init(_id, type) {
        if (type === 'PROMISE') promises++
      },
    })
    hook.enable()
    await middle.subscribe(source, { maxDemand: 10 })
    await runtime.settle()
    hook.disable()
    expect(handled).toBe(last)
    // 40,000 callbacks ran. The test itself, waiting for them, makes a few.
    expect(promises).toBeLessThan(200)
  })
})

describe('parking', () => {
  test('a promise parks its process, and no other', async () => {
    const runtime = testRuntime()
    const waiting = gate()
    const log: string[] = []
    const slow = await start(
      acting(async (message: string) => {
        log.push(`${message} begins`)
        await waiting.promise
        log.push(`${message} ends`)
      }),
      { runtime },
    )
    const other = await start(
      acting((message) => log.push(`other: ${message}`) && undefined),
      { runtime },
    )
    slow.send('first')
    slow.send('second')
    other.send('hello')
    await runtime.settle()
    expect(log).toEqual(['first begins', 'other: hello'])
    waiting.open()
    await runtime.settle()
    expect(log).toEqual(['first begins', 'other: hello', 'first ends', 'second begins', 'second ends'])
  })

  test('anything with a then is waited for', async () => {
    const runtime = testRuntime()
    const order: string[] = []
    let settle: (value: unknown) => void = () => {}
    const stage = await start(
      acting((message: string) => {
        order.push(message)
        if (message !== 'first') return undefined
        return thenable((resolve) => {
          settle = resolve
        })
      }),
      { runtime },
    )
    stage.send('first')
    stage.send('second')
    await runtime.settle()
    expect(order).toEqual(['first'])
    settle({ stop: 'shutdown' })
    expect(await stage.exited).toBe('shutdown')
  })

  test('an array with a then is an array', async () => {
    const runtime = testRuntime()
    const handled: unknown[] = []
    const source = await start(
      producer({
        handleDemand(demand) {
          const events = Array.from({ length: Math.min(demand, 2) }, () => 'event')
          return Object.assign(
            events,
            thenable(() => {}),
          )
        },
      }),
      { runtime },
    )
    const sink = await start(
      consumer({
        handleEvents(events: readonly unknown[]) {
          handled.push(...events)
          return { stop: 'normal' }
        },
      }),
      { runtime },
    )
    await sink.subscribe(source)
    await sink.exited
    expect(handled).toEqual(['event', 'event'])
  })
})
