import { consumer, partitionDispatcher, producer, startLink, to } from 'genstage'

const Numbers = () => {
  let next = 0
  return producer({
    dispatcher: partitionDispatcher({ partitions: ['odd', 'even'], hash: (n: number) => [n, n % 2 ? 'odd' : 'even'] }),
    handleDemand: (demand) => Array.from({ length: demand }, () => next++),
  })
}
const numbers = await startLink(Numbers())
const Sum = (partition: 'odd' | 'even') => {
  let sum = 0
  return consumer({
    subscribeTo: [to(numbers, { partition, maxDemand: 10 })],
    handleEvents(events: readonly number[]) {
      for (const n of events) sum += n
    },
    handleCall: { sum: () => ({ reply: sum }) },
  })
}
const odd = await startLink(Sum('odd'))
const even = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
await even.subscribe(numbers, { partition: 'even' })
console.log(typeof (await odd.call('sum')))

export { Numbers, numbers, odd, Sum }

process.exit(0)
