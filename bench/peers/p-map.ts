import pMap, { pMapSkip } from 'p-map'
import { CONCURRENCY, handleLater, singles, Tally, total } from '../work.ts'
import type { Runs } from '../workloads.ts'

/** p-map, which takes from an iterator as its handlers end; keeps no result. */
export const runs: Runs = {
  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const handleOne = async (event: number): Promise<typeof pMapSkip> => {
      tally.add(await handle(event))
      return pMapSkip
    }
    await pMap(singles(count), handleOne, { concurrency: CONCURRENCY })
    return total(tally)
  },
}
