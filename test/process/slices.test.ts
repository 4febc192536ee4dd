import { setImmediate } from 'node:timers/promises'
import { createRuntime, start } from 'genstage'
import { expect, test } from 'vitest'
import { acting } from './plain-stages.ts'

/** Holds the thread for so many milliseconds. */
function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('a program that holds the event loop itself leaves stages a whole slice of each of its turns', async () => {
  const messages = 40_000
  const runtime = createRuntime()
  let left = messages
  const ref = await start(
    acting((_message, { self }) => {
      if (--left === 0) return { stop: 'normal' }
      self.send('again')
      return undefined
    }),
    { runtime },
  )
  let isOver = false
  const over = ref.exited.then(() => {
    isOver = true
  })
  ref.send('begin')
  let turns = 0
  while (!isOver) {
    await setImmediate()
    // Longer than a slice: one that had begun before is over.
    work(4)
    turns++
  }
  await over
  // A slice is good for thousands of messages. Cut off at the first look at the clock it would have some 64.
  expect(turns).toBeLessThan(messages / 64 / 3)
})
