import { fromIterable, startLink, stream, to } from 'genstage'

const numbers = await startLink(fromIterable([1, 2, 3]))
const words = await startLink(
  fromIterable(
    (async function* () {
      yield 'a'
      yield 'b'
    })(),
  ),
)
for await (const event of stream([to(numbers, { maxDemand: 2, cancel: 'transient' })])) console.log(event.toFixed(1))
for await (const event of stream([words])) {
  console.log(event.toUpperCase())
  break
}
export const both = stream([numbers, words])
process.exit(0)
