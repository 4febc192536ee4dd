import { expect, test } from 'vitest'
import { RecentReplies } from '../../../src/observe/server/recent-replies.ts'

/** Replies that are numbered, on a clock that each takes so long of. */
function numbered(took: number) {
  let [now, count] = [0, 0]
  const replies = new RecentReplies(() => now)
  const ask = (name: string) =>
    replies.of(name, () => {
      now += took
      return String(++count)
    })
  return { ask, advance: (ms: number) => (now += ms) }
}

test('a reply that took long is given again until twenty times as long has passed', () => {
  const { ask, advance } = numbered(100)
  expect([ask('a'), ask('a'), ask('b'), ask('b')]).toEqual(['1', '1', '2', '2'])
  advance(1_890)
  expect([ask('a'), ask('b')]).toEqual(['1', '2'])
  advance(10)
  expect([ask('b'), ask('a')]).toEqual(['2', '3'])
})

test('a quick one is made each time', () => {
  const { ask } = numbered(20)
  expect([ask('a'), ask('a')]).toEqual(['1', '2'])
})
