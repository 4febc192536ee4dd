import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { build } from './build.ts'
import { type Contender, compare, type Effort, onBeam, onNode, type Summaries, summarize } from './comparison.ts'
import { beam, type Implementation, limit, own, peers, watched } from './implementations.ts'
import { circumstances } from './machine.ts'
import { tableOf } from './table.ts'
import { measureTopic, type TopicResult, tableOfTopic, topics } from './topics.ts'
import { type Workload, workloadNames } from './workloads.ts'

/** What can be measured beside the workloads. */
const others = [...Object.keys(topics), 'telemetry']

const usage = `npm run bench -- [WORKLOAD…] [OPTION…]

  WORKLOAD          ${workloadNames.join(' ')} (default: all of them), or
                    ${others.join(' ')}
  --peers NAMES     all, none, or some, as node:stream,effect: whose names begin like this (default: all)
  --runs N          rounds; of 15 and more the intervals are worth something (default: 5)
  --seconds S       CPU time that is measured in each run (default: 0.6)
  --library DIR     the checkout whose library is measured (default: this one)
  --before DIR      another checkout of this project, measured beside it as 'genstage, before'
  --beam DIR        GenStage too, by the 'elixir' in PATH; its compiled modules (gen_stage/ebin) are in DIR
  --json            prints JSON instead of tables
  --keep NAME       keeps the results as bench/results/NAME.json`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string', default: 'all' },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.6' },
    library: { type: 'string' },
    before: { type: 'string' },
    beam: { type: 'string' },
    json: { type: 'boolean', default: false },
    keep: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

function isWorkload(name: string): name is Workload {
  return workloadNames.some((workload) => workload === name)
}

/** What is to be measured: workloads, and whatever else is. */
function chosen(): readonly string[] {
  const unknown = positionals.find((name) => !isWorkload(name) && !others.includes(name))
  if (unknown === undefined) return positionals.length === 0 ? workloadNames : positionals
  throw new Error(`expected some of ${[...workloadNames, ...others].join(', ')}, got: ${unknown}`)
}

function chosenPeers(): readonly Implementation[] {
  if (values.peers === 'all') return peers
  if (values.peers === 'none') return []
  return values.peers.split(',').flatMap((wanted) => {
    const found = peers.filter(({ name }) => name.toLowerCase().startsWith(wanted.trim().toLowerCase()))
    if (found.length === 0)
      throw new Error(`expected some of ${peers.map(({ name }) => name).join('; ')}, got: ${wanted}`)
    return found
  })
}

function number(text: string, what: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`expected ${what} to be a number above 0, got: ${text}`)
  return value
}

const progress = (done: number, of: number): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r  ${done} of ${of} \r`)
}

/** What it costs to be watched. */
async function compareWatched(effort: Effort, folder: string): Promise<Summaries[]> {
  const [reference, ...contenders] = [own[0] as Implementation, ...watched].map((each) => onNode(each, folder))
  const all: Summaries[] = []
  for (const workload of ['W1', 'W2', 'W4'] as const) {
    const comparison = await compare(workload, reference as Contender, contenders, effort, progress)
    all.push(summarize(comparison, new Set()))
  }
  return all
}

/** Compares what is chosen at one workload. */
async function compareAll(
  workload: Workload,
  effort: Effort,
  now: string,
  before: string | undefined,
): Promise<Summaries> {
  const has = ({ workloads }: Implementation): boolean => workloads.includes(workload)
  const competing = chosenPeers()
  const contenders: Contender[] = [...own, ...competing].filter(has).map((each) => onNode(each, now))
  if (before !== undefined) {
    const former = own.filter(has).map((each) => onNode({ ...each, name: `${each.name}, before` }, before))
    contenders.splice(former.length, 0, ...former)
  }
  if (values.beam !== undefined && has(beam)) contenders.push(onBeam(values.beam))
  const comparison = await compare(workload, onNode(limit, now), contenders, effort, progress)
  return summarize(comparison, new Set(competing.map(({ name }) => name)))
}

async function run(): Promise<void> {
  const effort = { rounds: number(values.runs, '--runs'), seconds: number(values.seconds, '--seconds') }
  const names = chosen()
  const surroundings = circumstances(values.library)
  const now = build('now', values.library).folder
  const before = values.before === undefined ? undefined : build('before', values.before).folder
  const workloads: Summaries[] = []
  const topicResults: TopicResult[] = []
  for (const name of names) {
    const summaries = isWorkload(name)
      ? [await compareAll(name, effort, now, before)]
      : name === 'telemetry'
        ? await compareWatched(effort, now)
        : []
    const topic = summaries.length === 0 ? [await measureTopic(name, now, effort.rounds)] : []
    workloads.push(...summaries)
    topicResults.push(...topic)
    if (!values.json) for (const text of [...summaries.map(tableOf), ...topic.map(tableOfTopic)]) console.log(text)
  }
  const text = `${JSON.stringify({ ...surroundings, effort, workloads, topics: topicResults }, undefined, 2)}\n`
  if (values.json) process.stdout.write(text)
  if (values.keep === undefined) return
  mkdirSync(new URL('results', import.meta.url), { recursive: true })
  writeFileSync(new URL(`results/${values.keep}.json`, import.meta.url), text)
}

try {
  if (values.help) console.log(usage)
  else await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
