// A supervised pipeline that counts what it makes and what it handles, until a signal ends it.
import { consumer, named, type ProducerRef, producer, producerConsumer, supervisor } from 'genstage'
import { runUntilSignal } from 'genstage/program'

const numbers = named<ProducerRef<number>>('numbers')
const doubled = named<ProducerRef<number>>('doubled')
const [mode = 'quick'] = process.argv.slice(2)
let made = 0
let handled = 0

const Numbers = () => producer({ handleDemand: (demand) => Array.from({ length: demand }, () => made++) })
const Doubled = () =>
  producerConsumer({
    subscribeTo: [numbers],
    handleEvents: (events: readonly number[]) => events.map((event) => event * 2),
  })
const Sink = () =>
  consumer({
    subscribeTo: [doubled],
    async handleEvents(events: readonly number[]) {
      await new Promise((resolve) => setTimeout(resolve, mode === 'quick' ? 5 : 60_000))
      handled += events.length
    },
  })

const tree = supervisor({
  strategy: 'rest-for-one',
  children: [
    { start: Numbers, name: numbers },
    { start: Doubled, name: doubled },
    () => supervisor({ strategy: 'one-for-one', children: [Sink, Sink] }),
  ],
})
setTimeout(() => process.stdout.write('running\n'), 50)
const { signal, undone } = await runUntilSignal(tree, mode === 'stuck' ? { deadline: 200, grace: 200 } : {})
const left = undone.map(({ label, remaining }) => [label.split(' ')[0], remaining])
process.stdout.write(`${JSON.stringify({ signal, made, handled, left })}\n`)
if (mode === 'stuck') process.exit()
