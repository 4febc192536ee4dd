import fastq from 'fastq'
import { CONCURRENCY, handleLater, type Outcome, Tally, total } from '../work.ts'
import type { Runs } from '../workloads.ts'

/** fastq, fed by hand when it runs empty: its `push` holds nobody back by itself. */
export const runs: Runs = {
  W6: (count, handle = handleLater) =>
    new Promise<Outcome>((resolve) => {
      const tally = new Tally()
      let next = 0
      const queue = fastq<unknown, number>((event, done) => {
        void handle(event).then((handled) => {
          tally.add(handled)
          done(null)
        })
      }, CONCURRENCY)
      const feed = (): void => {
        while (next < count && queue.length() < 1_000) queue.push(next++)
      }
      queue.empty = () => setImmediate(feed)
      queue.drain = () => {
        if (next === count) resolve(total(tally))
        else feed()
      }
      feed()
    }),
}
