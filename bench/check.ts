import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { amountIn, chosenFrom, countIn, folderWith } from './arguments.ts'
import { type Baseline, readBaseline, storeBaseline } from './baseline.ts'
import { build, prepare } from './build.ts'
import { compare, type Effort, onNode } from './comparison.ts'
import { limit, own } from './implementations.ts'
import { circumstances } from './machine.ts'
import { runAsProgram } from './program.ts'
import { table } from './table.ts'
import { complaint, judge, losers, missing, type Ratios, TOLERANCE, together, type Verdict } from './verdict.ts'
import { type Workload, workloadNames } from './workloads.ts'

const usage = `npm run bench:check -- [WORKLOAD…] [OPTION…]

Measures the library's ratios to the limit, and holds them against those in bench/baseline.json: ends with exit code 1,
and names the workload, if one has lost more than ${TOLERANCE * 100} % of its own.

  WORKLOAD          ${workloadNames.join(' ')} (default: all of them)
  --update          stores what was measured, instead of comparing it
  --runs N          rounds (default: 9)
  --seconds S       CPU time that is measured in each run (default: 0.6)
  --library DIR     the checkout whose library is measured (default: this one)
  --baseline FILE   another file to compare with, or to store in`

async function measure(workloads: readonly Workload[], folder: string, effort: Effort): Promise<Ratios> {
  const all = new Map<string, readonly number[]>()
  for (const workload of workloads) {
    const contenders = own.filter((each) => each.workloads.includes(workload)).map((each) => onNode(each, folder))
    const { figures } = await compare(workload, onNode(limit, folder), contenders, effort, () => {})
    for (const { name, ratios } of figures) all.set(`${workload}, ${name}`, ratios)
  }
  return all
}

function print(verdicts: readonly Verdict[]): void {
  const rows = verdicts.map(({ name, now: { median, low, high }, stored, change }) => {
    const interval = low === undefined || high === undefined ? '' : `${low.toFixed(3)}–${high.toFixed(3)}`
    const changed = change === undefined ? 'not stored yet' : `${(change * 100).toFixed(1)} %`
    return [name, median.toFixed(3), interval, stored?.toFixed(3) ?? '', changed]
  })
  console.log(table([['of the limit', 'now', '(95 %)', 'stored', 'change'], ...rows]))
}

function noteMachine({ machine: stored }: Baseline): void {
  const { machine } = circumstances()
  if (machine.cpu === stored.cpu && machine.node === stored.node) return
  console.log(`note: stored on another machine (${stored.cpu}, Node ${stored.node}), where ratios are not the same`)
}

/** Compares, measures those again that seem to have lost, and answers whether none has. */
async function check(baseline: Baseline, measureSome: (names: readonly string[]) => Promise<Ratios>): Promise<boolean> {
  const first = await measureSome([])
  const suspects = losers(judge(first, baseline)).map(({ name }) => name)
  const verdicts = judge(suspects.length === 0 ? first : together(first, await measureSome(suspects)), baseline)
  noteMachine(baseline)
  print(verdicts)
  const lost = losers(verdicts)
  const unmeasured = missing(first, baseline.ratios)
  for (const each of lost) console.error(complaint(each))
  for (const name of unmeasured) console.error(`${name} is stored, but was not measured: --update stores anew`)
  if (lost.length > 0 || unmeasured.length > 0) return false
  console.log(`none has lost more than the ${TOLERANCE * 100} % that are tolerated`)
  return true
}

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      update: { type: 'boolean', default: false },
      runs: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '0.6' },
      library: { type: 'string' },
      baseline: { type: 'string', default: fileURLToPath(new URL('baseline.json', import.meta.url)) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const chosen = chosenFrom(positionals, workloadNames)
  const wanted = chosen.length === 0 ? workloadNames : chosen
  const effort = { rounds: countIn(values.runs, '--runs'), seconds: amountIn(values.seconds, '--seconds') }
  if (values.library !== undefined) {
    folderWith('tsconfig.core.json', values.library, '--library', 'a checkout of this project')
  }
  const baseline = values.update ? undefined : readBaseline(values.baseline)
  prepare()
  const surroundings = circumstances(values.library)
  const { folder } = build('check', values.library)
  if (baseline === undefined) {
    const ratios = await measure(wanted, folder, effort)
    storeBaseline(values.baseline, ratios, surroundings)
    console.log(`stored the ratios of ${[...ratios.keys()].join('; ')}`)
    return
  }
  const hasHeld = await check(baseline, (names) => {
    const some = names.length === 0 ? wanted : wanted.filter((each) => names.some((name) => name.startsWith(each)))
    return measure(some, folder, effort)
  })
  if (!hasHeld) process.exitCode = 1
}

await runAsProgram(run)
