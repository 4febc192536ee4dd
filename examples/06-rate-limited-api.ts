// Calls to an API that allows 10 at a time and 100 per second. Results are emitted in input order, or as they arrive.
import { setTimeout as sleep } from 'node:timers/promises'
import { fromIterable, producerConsumer, type Subscription, startLink, stream } from 'genstage'

const Calls = (call: (id: number) => Promise<number>, order: 'input' | 'any') =>
  producerConsumer(({ self, info }) => {
    let source: Subscription | undefined
    let last: Promise<unknown> | undefined
    let [running, isOver] = [0, false]
    // There are ten slots, each taken for at least a tenth of a second. So at most 100 calls begin per second.
    const begin = async (id: number, before: Promise<unknown> | undefined) => {
      const [result] = await Promise.all([call(id), sleep(101), before])
      return result
    }
    return {
      handleSubscribe(role, _options, from) {
        if (role === 'consumer') return 'automatic'
        source = from
        from.ask(10)
        return 'manual' // only `ask` creates demand
      },
      handleEvents(ids: readonly number[]) {
        for (const id of ids) {
          const done = begin(id, order === 'input' ? last : undefined)
          const sendResult = () => self.send(done)
          done.then(sendResult, sendResult)
          last = done
          running++
        }
        return []
      },
      async handleInfo(message: Promise<number> | 'finished') {
        if (message === 'finished') return { stop: 'normal' }
        const result = await message // if the call failed, the stage fails here
        source?.ask(1)
        if (--running === 0 && isOver) info('finished') // delivered after all results
        return [result]
      },
      handleCancel(_reason, from) {
        isOver ||= from === source
        if (running === 0 && isOver) info('finished')
      },
    }
  })

const api = (id: number) => sleep(id === 3 ? 250 : 20, id)

for (const order of ['input', 'any'] as const) {
  const calls = await startLink(Calls(api, order))
  await calls.subscribe(await startLink(fromIterable(Array(25).keys())), { cancel: 'transient' })
  const results: number[] = []
  for await (const result of stream([calls])) results.push(result)
  console.log(`${order} order: ${results.join(' ')}`)
}

/* prints:
input order: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
any order: 0 1 2 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 3 19 20 21 22 23 24
*/
