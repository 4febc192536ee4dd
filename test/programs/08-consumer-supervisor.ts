import { setTimeout as sleep } from 'node:timers/promises'
import { consumerSupervisor, fromIterable, startLink } from 'genstage'

const urls = await startLink(fromIterable(['a', 'b', 'c']))
const Fetcher = () =>
  consumerSupervisor({
    restart: 'transient',
    async child(url: string, { signal }) {
      await sleep(5, null, { signal })
      console.log('fetched', url)
    },
  })
const fetcher = await startLink(Fetcher())
await fetcher.subscribe(urls, { maxDemand: 2, cancel: 'temporary' })

export { fetcher }

await sleep(30)
process.exit(0)
