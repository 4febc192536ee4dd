import { type Delivery, type Dispatcher, demandDispatcher, partitionDispatcher, type Subscriber } from 'genstage'
import { expect, test } from 'vitest'
import { TextDispatcher } from '../../src/bridge/text/text-dispatcher.ts'
import { TextPiece } from '../../src/bridge/text/text-piece.ts'

const reader: Subscriber = { tag: 'g1:1', consumer: 'g1.1' }
const second: Subscriber = { tag: 'g1:2', consumer: 'g1.2' }
const other = Symbol('other text')
const piece = (value: string): TextPiece => new TextPiece(other, value)

/** Hands out one event for each dispatch, however many were asked for, and writes down what it is given. */
class OneEach implements Dispatcher<unknown, unknown> {
  readonly given: unknown[] = []

  subscribe(): number {
    return 0
  }

  ask(_subscriber: Subscriber, demand: number): number {
    return demand
  }

  cancel(): number {
    return 0
  }

  dispatch(events: readonly unknown[]): { deliveries: Delivery[]; leftover: readonly unknown[] } {
    this.given.push(events)
    return { deliveries: [[reader, events.slice(0, 1)]], leftover: events.slice(1) }
  }
}

test('what is left over is overtaken by nothing, and keeps its text', () => {
  const inner = new OneEach()
  const { deliveries, leftover } = TextDispatcher.around(inner).dispatch(['a', 'b', piece('c'), 'd'])
  expect(deliveries).toEqual([[reader, ['a']]])
  expect(leftover).toEqual(['b', piece('c'), 'd'])
  expect(inner.given).toEqual([['a', 'b']])
  expect(TextDispatcher.around(inner).dispatch([piece('c'), piece('d')])).toEqual({
    deliveries: [[reader, ['c']]],
    leftover: [piece('d')],
  })
})

test('a dispatcher gets strings, text by text', () => {
  const inner = new OneEach()
  TextDispatcher.around(inner).dispatch(['a', piece('b'), 'c'])
  expect(inner.given).toEqual([['a'], ['b'], ['c']])
})

test('shows what the dispatcher shows, and holds what it holds', () => {
  expect(TextDispatcher.around(new OneEach()).inspect()).toEqual({ kind: 'custom' })
  expect(TextDispatcher.around(demandDispatcher() as Dispatcher<unknown, unknown>).inspect()).toEqual({
    kind: 'demand',
  })
  const parted = partitionDispatcher({ partitions: [0, 1], hash: (event: unknown) => [event, 0] })
  const dispatcher = TextDispatcher.around(parted as unknown as Dispatcher<unknown, unknown>)
  dispatcher.subscribe(reader, { partition: 0 })
  dispatcher.subscribe(second, { partition: 1 })
  dispatcher.ask(second, 2)
  dispatcher.dispatch(['b', piece('c')])
  expect(dispatcher.queuedCount()).toBe(2)
  expect(dispatcher.queueInfo('info')).toBe(true)
  expect(dispatcher.ask(reader, 2)).toMatchObject({ deliveries: [[reader, ['b', 'c']]] })
})
