// Iterables in, async iterables out, that must compile. Compiled by `npm run types`, never run.
import {
  broadcastDispatcher,
  createScope,
  fromIterable,
  type ProducerRef,
  partitionDispatcher,
  type Scope,
  startLink,
  stream,
  to,
} from 'genstage'
import { runUntilSignal } from 'genstage/program'
import { exactly } from '../equal.ts'

declare const lines: AsyncIterable<string>

const numbers = await startLink(fromIterable([1, 2, 3]))
exactly<ProducerRef<number>>()(numbers)
const words = await startLink(fromIterable(lines, { demand: 'accumulate', onCancel: 'stop' }))
exactly<ProducerRef<string>>()(words)
const letters = await startLink(fromIterable('abc', { dispatcher: broadcastDispatcher<string>() }))
exactly<AsyncIterableIterator<string>>()(stream([to(letters, { selector: (letter) => letter > 'a' })]))
const parity = await startLink(
  fromIterable([1, 2, 3], {
    dispatcher: partitionDispatcher({ partitions: ['odd', 'even'], hash: (event: number) => [event, 'odd'] }),
  }),
)

exactly<AsyncIterableIterator<number>>()(stream([numbers]))
exactly<AsyncIterableIterator<number | string>>()(stream([numbers, words], { demand: 'accumulate' }))
exactly<AsyncIterableIterator<number | string>>()(stream([to(numbers, { cancel: 'transient' }), words]))
exactly<AsyncIterableIterator<number>>()(stream([to(parity, { partition: 'odd' })], { producers: [numbers, words] }))
for await (const event of stream([numbers])) exactly<number>()(event)

exactly<Scope>()(createScope())
exactly<Scope>()(createScope({}))
exactly<Promise<number>>()(createScope(async () => 1))
exactly<Promise<string>>()(createScope(() => 'now', {}))
exactly<ProducerRef<number>>()(await createScope((scope) => scope.startLink(fromIterable([1]))))

const returned = await runUntilSignal(async (scope, { signal }) => {
  exactly<Scope>()(scope)
  exactly<AbortSignal>()(signal)
  return 1
})
exactly<number | undefined>()(returned.value)
