// A program that ends by itself, fails, or is given a function; depending on its argument.
import { consumer, fromIterable, producer, stream } from 'genstage'
import { runUntilSignal } from 'genstage/program'

const [mode] = process.argv.slice(2)
if (mode === 'value') {
  const outcome = await runUntilSignal(async (scope) => {
    const numbers = await scope.startLink(fromIterable([1, 2, 3]))
    let sum = 0
    for await (const number of stream([numbers])) sum += number
    return sum
  })
  process.stdout.write(JSON.stringify(outcome))
} else if (mode === 'failure') {
  await runUntilSignal(async (scope) => {
    const numbers = await scope.startLink(
      producer({
        handleDemand: (): number[] => {
          throw new Error('out of numbers')
        },
      }),
    )
    const sink = await scope.startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
    await sink.subscribe(numbers)
    await sink.exited
  })
} else {
  await runUntilSignal(async () => {
    throw new RangeError('wrong from the start')
  })
}
