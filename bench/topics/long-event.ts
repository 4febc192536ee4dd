// W6, of whose 64 at a time some take long: how many of the others are handled meanwhile.
import { type Handler, handleLater } from '../work.ts'
import type { Runs } from '../workloads.ts'
import { report } from './figure.ts'

const COUNT = 20_000
/** If for so long, in milliseconds, no other one is handled, they wait for the long one. */
const PATIENCE = 500

const [name = '', file = '', runs = '', long = '1'] = process.argv.slice(2)
const module = (await import(`../peers/${file}.js`)) as Readonly<Record<string, Runs>>

const others = COUNT - Number(long)
let handled = 0
let meanwhile = Number.NaN

/** The first events take until the others have come to a standstill. */
const handle: Handler = async (event) => {
  if (event >= Number(long)) {
    await handleLater(event)
    handled++
    return event
  }
  for (let before = -1; before < handled; ) {
    before = handled
    await new Promise((resolve) => setTimeout(resolve, PATIENCE))
  }
  if (Number.isNaN(meanwhile)) meanwhile = handled
  return event
}

const outcome = await module[runs]?.W6?.(COUNT, handle)
if (outcome?.count !== COUNT) throw new Error(`${name}: lost events`)
if (name.startsWith('genstage') && meanwhile !== others) {
  throw new Error(`${name}: only ${meanwhile} of ${others} others were handled`)
}
report({ what: `${name}, ${long} long`, value: meanwhile, unit: `of ${others} others` })
process.exit(0)
