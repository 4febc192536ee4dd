import { stream } from 'genstage'
import { ErrorEventError } from 'genstage/bridge'
import { testRuntime } from 'genstage/testing'
import { fromEventTarget } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { launch, range } from '../../stage/test-stages.ts'

const boom = new Error('boom')

/** A target that knows how many listen to it. */
class Target extends EventTarget {
  listening = 0
  override addEventListener(...given: Parameters<EventTarget['addEventListener']>): void {
    this.listening++
    super.addEventListener(...given)
  }
  override removeEventListener(...given: Parameters<EventTarget['removeEventListener']>): void {
    this.listening--
    super.removeEventListener(...given)
  }
}

class Tick extends Event {
  readonly number: number
  constructor(number: number) {
    super('tick')
    this.number = number
  }
}

test('gives what is dispatched, as it is, up to the event that ends it', async () => {
  const target = new Target()
  const source = await launch(testRuntime(), fromEventTarget(target, 'tick', { whenFull: 'fail', endOn: ['close'] }))
  expect(target.listening).toBe(3)
  const events = range(0, 5).map((number) => new Tick(number))
  for (const event of events) target.dispatchEvent(event)
  target.dispatchEvent(new Event('close'))
  expect(target.listening).toBe(0)
  const seen: unknown[] = []
  for await (const event of stream([source])) seen.push(event)
  expect(seen).toEqual(events)
})

test('gives what is made of it, by the policy that was named', async () => {
  const target = new Target()
  const toEvent = (event: Tick) => event.number
  const options = { whenFull: 'drop-newest', bufferSize: 2, endOn: ['close'], toEvent } as const
  const source = await launch(testRuntime(), fromEventTarget(target, 'tick', options))
  for (const number of range(0, 5)) target.dispatchEvent(new Tick(number))
  target.dispatchEvent(new Event('close'))
  expect(await source.call('discarded')).toBe(3)
  const seen: number[] = []
  for await (const number of stream([source])) seen.push(number)
  expect(seen).toEqual([0, 1])
})

describe('an error', () => {
  test('that the event carries is the exit reason, the same object', async () => {
    const target = new Target()
    const source = await launch(testRuntime(), fromEventTarget(target, 'tick', { whenFull: 'fail' }))
    target.dispatchEvent(Object.assign(new Event('error'), { error: boom }))
    expect(await source.exited).toBe(boom)
    expect(target.listening).toBe(0)
  })

  test('that carries none is an error that has the event for its cause', async () => {
    const target = new Target()
    const source = await launch(
      testRuntime(),
      fromEventTarget(target, 'tick', { whenFull: 'fail', failOn: ['broken'] }),
    )
    const event = new Event('broken')
    target.dispatchEvent(event)
    const reason = await source.exited
    expect(reason).toBeInstanceOf(ErrorEventError)
    expect(reason).toMatchObject({
      code: 'GENSTAGE_ERROR_EVENT',
      cause: event,
      message: "the event target dispatched 'broken'",
    })
  })
})

test('when the stage ends it listens no more', async () => {
  const target = new Target()
  const source = await launch(testRuntime(), fromEventTarget(target, 'tick', { whenFull: 'fail' }))
  source.exit('kill')
  await source.exited
  expect(target.listening).toBe(0)
})

test('what is no target, or names no event or policy, is refused', () => {
  expect(() => fromEventTarget({} as never, 'tick', { whenFull: 'fail' })).toThrow('expected an EventTarget, got: {}')
  expect(() => fromEventTarget(new Target(), 1 as never, { whenFull: 'fail' })).toThrow('expected the type of an event')
  expect(() => fromEventTarget(new Target(), 'tick', {} as never)).toThrow('expected whenFull to be given')
})
