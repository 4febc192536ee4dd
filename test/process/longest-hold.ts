/**
 * How long the event loop was held at most, in milliseconds, until `done` settles.
 *
 * Time in which the machine let another program run does not count, as far as that can be measured: it is what this program
 * computed between two turns of its event loop, or the time that passed, whichever is less.
 */
export async function longestHold(done: Promise<unknown>): Promise<number> {
  let isOver = false
  const watched = done.finally(() => {
    isOver = true
  })
  let longest = 0
  let lastTime = performance.now()
  let lastComputed = computed()
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve))
    const time = performance.now()
    const now = computed()
    longest = Math.max(longest, Math.min(time - lastTime, now - lastComputed))
    lastTime = time
    lastComputed = now
  }
  await watched
  return longest
}

function computed(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
