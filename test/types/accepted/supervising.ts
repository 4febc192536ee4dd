// Supervisors that must compile. Compiled by `npm run types`, never run.
import {
  type ConsumerSupervisorRef,
  consumer,
  consumerSupervisor,
  fromIterable,
  named,
  type ProcessRef,
  type ProducerRef,
  producer,
  startLink,
  supervisor,
  to,
} from 'genstage'
import { exactly } from '../equal.ts'

const urls = await startLink(fromIterable(['a', 'b']))
const fetcher = await startLink(
  consumerSupervisor({
    subscribeTo: [to(urls, { maxDemand: 2 })],
    restart: 'transient',
    shutdown: 'brutal-kill',
    async child(url: string, { signal }) {
      exactly<AbortSignal>()(signal)
      exactly<string>()(url)
    },
  }),
)
exactly<ConsumerSupervisorRef<string>>()(fetcher)
exactly<ProcessRef | 'ignore'>()(await fetcher.startChild('c'))
exactly<number>()((await fetcher.countChildren()).active)
for (const { ref } of await fetcher.whichChildren()) {
  if (ref !== 'restarting') exactly<boolean>()(await fetcher.terminateChild(ref))
}
await fetcher.subscribe(urls, { maxDemand: 2, cancel: 'temporary' })
exactly<ConsumerSupervisorRef<number>>()(
  await startLink(
    consumerSupervisor({
      start: (event: number) => consumer({ handleEvents(_events: readonly string[]) {}, inspect: () => event }),
    }),
  ),
)

const numbers = named<ProducerRef<number>>('numbers')
const Numbers = () => producer({ handleDemand: (demand) => [demand] })
const Sum = () => consumer({ subscribeTo: [numbers], handleEvents(_events: readonly number[]) {} })
await startLink(
  supervisor({
    strategy: 'rest-for-one',
    children: [
      { start: Numbers, name: numbers, restart: 'transient' },
      Sum,
      () => supervisor({ strategy: 'one-for-one', children: [Sum, { start: Sum, id: 'third', shutdown: Infinity }] }),
    ],
    maxRestarts: 10,
  }),
  { name: 'tree' },
)
