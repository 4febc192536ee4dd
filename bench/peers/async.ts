import { eachLimit, queue } from 'async'
import { CONCURRENCY, handleLater, type Outcome, singles, Tally, total } from '../work.ts'
import type { Runs } from '../workloads.ts'

/** async, by `eachLimit` over an iterator, which takes the next when one is done. */
export const runs: Runs = {
  async W6(count, handle = handleLater) {
    const tally = new Tally()
    // Its types know no iterator, which it has taken since version 2.
    const events = singles(count) as unknown as number[]
    await eachLimit<number>(events, CONCURRENCY, (event, done) => {
      void handle(event).then((handled) => {
        tally.add(handled)
        done()
      })
    })
    return total(tally)
  },
}

/** The same over an `async` function, as users write it. */
export const asyncIteratee: Runs = {
  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const events = singles(count) as unknown as number[]
    // It takes an async function too, which its types do not know.
    const handleOne = async (event: number): Promise<void> => {
      tally.add(await handle(event))
    }
    await eachLimit<number>(events, CONCURRENCY, handleOne)
    return total(tally)
  },
}

/** async, by `queue`, fed when half of it is handled: its `push` holds nobody back by itself. */
export const queued: Runs = {
  W6: (count, handle = handleLater) =>
    new Promise<Outcome>((resolve) => {
      const tally = new Tally()
      let next = 0
      const handlers = queue<number>((event, done) => {
        void handle(event).then((handled) => {
          tally.add(handled)
          done()
          if (handlers.length() <= 500) feed()
        })
      }, CONCURRENCY)
      const feed = (): void => {
        while (next < count && handlers.length() < 1_000) handlers.push(next++, () => {})
      }
      handlers.drain(() => {
        if (next === count) resolve(total(tally))
      })
      feed()
    }),
}
