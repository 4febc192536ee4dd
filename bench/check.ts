import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { build } from './build.ts'
import { type Comparison, compare, type Effort, onNode } from './comparison.ts'
import { limit, own } from './implementations.ts'
import { type Circumstances, circumstances } from './machine.ts'
import { type Estimate, estimate } from './statistics.ts'
import { table } from './table.ts'
import { type Workload, workloadNames } from './workloads.ts'

/**
 * How much of its stored ratio a workload may lose. Medians of nine ratios differ by up to 5 % between two runs of the
 * same code on a busy machine; who seems to have lost more is measured again, so that chance would have to strike twice.
 */
const TOLERANCE = 0.1

const usage = `npm run bench:check -- [WORKLOAD…] [OPTION…]

Measures the library's ratios to the limit, and holds them against those in bench/baseline.json: ends with exit code 1,
and names the workload, if one has lost more than ${TOLERANCE * 100} % of its own.

  WORKLOAD          ${workloadNames.join(' ')} (default: all of them)
  --update          stores what was measured, instead of comparing it
  --runs N          rounds (default: 9)
  --seconds S       CPU time that is measured in each run (default: 0.6)
  --library DIR     the checkout whose library is measured (default: this one)
  --baseline FILE   another file to compare with`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    update: { type: 'boolean', default: false },
    runs: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '0.6' },
    library: { type: 'string' },
    baseline: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** What is stored, by `W6, genstage`. */
interface Baseline extends Pick<Circumstances, 'at' | 'commit' | 'machine'> {
  readonly ratios: Readonly<Record<string, Estimate>>
}

/** The library's ratios to the limit, by workload and implementation. */
type Ratios = ReadonlyMap<string, readonly number[]>

const file = values.baseline ?? new URL('baseline.json', import.meta.url)

function chosen(): readonly Workload[] {
  const unknown = positionals.find((name) => !workloadNames.some((workload) => workload === name))
  if (unknown !== undefined) throw new Error(`expected some of ${workloadNames.join(', ')}, got: ${unknown}`)
  return positionals.length === 0 ? workloadNames : workloadNames.filter((name) => positionals.includes(name))
}

async function measureRatios(workloads: readonly Workload[], folder: string, effort: Effort): Promise<Ratios> {
  const all: Comparison[] = []
  for (const workload of workloads) {
    const contenders = own.filter((each) => each.workloads.includes(workload)).map((each) => onNode(each, folder))
    all.push(await compare(workload, onNode(limit, folder), contenders, effort, () => {}))
  }
  return new Map(all.flatMap(ratiosOf))
}

function ratiosOf({ workload, figures }: Comparison): [name: string, ratios: readonly number[]][] {
  return figures.map(({ name, ratios }) => [`${workload}, ${name}`, ratios])
}

function hasLost(ratios: readonly number[], stored: Estimate | undefined): boolean {
  return stored !== undefined && estimate(ratios).median < stored.median * (1 - TOLERANCE)
}

function read(): Baseline | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : undefined
}

function store(ratios: Ratios): void {
  const { at, commit, machine } = circumstances(values.library)
  const measured = Object.fromEntries([...ratios].map(([name, each]) => [name, rounded(estimate(each))]))
  const all = { ...read()?.ratios, ...measured }
  writeFileSync(file, `${JSON.stringify({ at, commit, machine, ratios: all }, undefined, 2)}\n`)
  console.log(`stored the ratios of ${[...ratios.keys()].join('; ')}`)
}

function rounded(estimate: Estimate): object {
  return Object.fromEntries(Object.entries(estimate).map(([name, value]) => [name, Number(value.toFixed(4))]))
}

function print(ratios: Ratios, { ratios: stored }: Baseline): void {
  const rows = [...ratios].map(([name, each]) => {
    const { median, low, high } = estimate(each)
    const interval = low === undefined || high === undefined ? '' : `${low.toFixed(3)}–${high.toFixed(3)}`
    const before = stored[name]?.median
    const change = before === undefined ? 'not stored yet' : `${((median / before - 1) * 100).toFixed(1)} %`
    return [name, median.toFixed(3), interval, before?.toFixed(3) ?? '', change]
  })
  console.log(table([['of the limit', 'now', '(95 %)', 'stored', 'change'], ...rows]))
}

async function check(ratios: Ratios, measureAgain: (workloads: readonly Workload[]) => Promise<Ratios>): Promise<void> {
  const baseline = read()
  if (baseline === undefined) throw new Error('nothing is stored: run it with --update, at a commit that is good')
  const { machine } = circumstances()
  if (machine.cpu !== baseline.machine.cpu || machine.node !== baseline.machine.node) {
    const { cpu, node } = baseline.machine
    console.log(`note: stored on another machine (${cpu}, Node ${node}), where ratios are not the same`)
  }
  const losing = (all: Ratios): string[] =>
    [...all.keys()].filter((name) => hasLost(all.get(name) ?? [], baseline.ratios[name]))
  const suspects = losing(ratios)
  const again = await measureAgain(chosen().filter((name) => suspects.some(startsWith(name))))
  const all = new Map([...ratios].map(([name, each]) => [name, [...each, ...(again.get(name) ?? [])]]))
  print(all, baseline)
  const lost = losing(all)
  for (const name of lost) console.error(`${name}: lost more than ${TOLERANCE * 100} % of its ratio to the limit`)
  if (lost.length > 0) process.exitCode = 1
}

function startsWith(workload: Workload): (name: string) => boolean {
  return (name) => name.startsWith(`${workload}, `)
}

async function run(): Promise<void> {
  const effort = { rounds: Number(values.runs), seconds: Number(values.seconds) }
  if (!(effort.rounds > 0 && effort.seconds > 0)) throw new Error('expected --runs and --seconds to be above 0')
  const { folder } = build('check', values.library)
  const ratios = await measureRatios(chosen(), folder, effort)
  if (values.update) store(ratios)
  else await check(ratios, (workloads) => measureRatios(workloads, folder, effort))
}

try {
  if (values.help) console.log(usage)
  else await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
