// W6, one of whose events takes long: how many of the others are handled meanwhile.
import { type Handler, handleLater } from '../work.ts'
import type { Runs } from '../workloads.ts'
import { report } from './figure.ts'

const COUNT = 20_000
/** If for so long, in milliseconds, no other one is handled, they wait for the long one. */
const PATIENCE = 200

const [name = '', file = '', runs = ''] = process.argv.slice(2)
const module = (await import(`../peers/${file}.js`)) as Readonly<Record<string, Runs>>

let handled = 0
let meanwhile = Number.NaN

/** The event 7 takes until the others have come to a standstill. */
const handle: Handler = async (event) => {
  if (event !== 7) {
    await handleLater(event)
    handled++
    return event
  }
  for (let before = -1; before < handled; ) {
    before = handled
    await new Promise((resolve) => setTimeout(resolve, PATIENCE))
  }
  meanwhile = handled
  return event
}

const outcome = await module[runs]?.W6?.(COUNT, handle)
if (outcome?.count !== COUNT) throw new Error(`${name}: lost events`)
if (name.startsWith('genstage') && meanwhile !== COUNT - 1) {
  throw new Error(`${name}: only ${meanwhile} of ${COUNT - 1} others were handled`)
}
report({ what: name, value: meanwhile, unit: `of ${COUNT - 1} others` })
process.exit(0)
