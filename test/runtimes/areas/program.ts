// A program that a signal ends in order.
import process from 'node:process'
import { consumer, producer } from 'genstage'
import { runUntilSignal } from 'genstage/program'
import { expectEqual } from './expect-equal.ts'

let next = 0
let handled = 0
const outcome = await runUntilSignal(async (scope) => {
  const numbers = await scope.startLink(
    producer({ handleDemand: (demand) => Array.from({ length: demand }, () => next++) }),
  )
  const sink = await scope.startLink(
    consumer({
      async handleEvents(events: readonly number[]) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        handled += events.length
      },
    }),
  )
  await sink.subscribe(numbers, { maxDemand: 10 })
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20)
  await sink.exited
})
expectEqual([outcome.signal, outcome.undone], ['SIGTERM', []], 'runUntilSignal: the signal')
expectEqual(handled, next, 'runUntilSignal: what was made is handled')
expectEqual(process.exitCode, 143, 'runUntilSignal: the exit code')
process.exitCode = 0
console.log('ok')
