import { parseArgs } from 'node:util'
import { amountIn, beginningLike, chosenFrom, countIn, fileNameIn, folderWith } from './arguments.ts'
import { type Beam, findBeam } from './beam.ts'
import { build, prepare } from './build.ts'
import { type Contender, compare, type Effort, onBeam, onNode, type Summaries, summarize } from './comparison.ts'
import { beam, bounds, type Implementation, limit, own, peers, watched } from './implementations.ts'
import { checkoutIn, circumstances } from './machine.ts'
import { runAsProgram } from './program.ts'
import { asJson, keep, type Results } from './results.ts'
import { tableOf } from './table.ts'
import { measureTopic, tableOfTopic, topicNames } from './topics.ts'
import { type Workload, workloadNames } from './workloads.ts'

/** What can be measured; W8 is no rate, and has a program of its own. */
const names = [...workloadNames, 'W8', ...topicNames, 'telemetry', 'bounds'] as const

type Name = (typeof names)[number]

const usage = `npm run bench -- [WORKLOAD…] [OPTION…]

  WORKLOAD          ${workloadNames.join(' ')} (default: these), or
                    ${names.slice(workloadNames.length).join(' ')}
  --peers NAMES     all, none, or some, as node:stream,effect: whose names begin like this (default: all)
  --runs N          rounds; of 15 and more the intervals are worth something (default: 5)
  --seconds S       CPU time that is measured in each run (default: 0.6)
  --library DIR     the checkout whose library is measured (default: this one)
  --before DIR      another checkout of this project, measured beside it as 'genstage, before'
  --beam DIR        GenStage on BEAM too, at W1 to W5; its compiled modules (gen_stage/ebin) are in DIR
  --elixir FILE     the elixir that runs it (default: the one in PATH)
  --json            prints JSON instead of tables
  --keep NAME       keeps the results as bench/results/NAME.json`

/** What was asked for. */
interface Call {
  readonly wanted: readonly Name[]
  readonly effort: Effort
  readonly peers: readonly Implementation[]
  readonly beam: Beam | undefined
  readonly library: string | undefined
  readonly before: string | undefined
  readonly json: boolean
  readonly keepAs: string | undefined
}

/** Looks at all that was asked for before any of it is done. */
function readCall(): Call | 'help' {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      peers: { type: 'string', default: 'all' },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '0.6' },
      library: { type: 'string' },
      before: { type: 'string' },
      beam: { type: 'string' },
      elixir: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const chosen = chosenFrom(positionals, names)
  if (values.elixir !== undefined && values.beam === undefined) {
    throw new Error('expected --beam with --elixir: where the compiled modules of GenStage are')
  }
  return {
    wanted: chosen.length === 0 ? workloadNames : chosen,
    effort: { rounds: countIn(values.runs, '--runs'), seconds: amountIn(values.seconds, '--seconds') },
    peers: beginningLike(values.peers, peers, '--peers'),
    beam: values.beam === undefined ? undefined : findBeam(values.beam, values.elixir),
    library: checkout(values.library, '--library'),
    before: checkout(values.before, '--before'),
    json: values.json,
    keepAs: values.keep === undefined ? undefined : fileNameIn(values.keep, '--keep'),
  }
}

function checkout(folder: string | undefined, flag: string): string | undefined {
  return folder === undefined ? undefined : folderWith('tsconfig.core.json', folder, flag, 'a checkout of this project')
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

/** How near the library is to what the design itself allows. */
async function compareBounds(effort: Effort, folder: string): Promise<Summaries[]> {
  const all: Summaries[] = []
  for (const workload of workloadNames) {
    const contenders = [own[0] as Implementation, ...bounds].filter(({ workloads }) => workloads.includes(workload))
    const onThese = contenders.map((each) => onNode(each, folder))
    all.push(summarize(await compare(workload, onNode(limit, folder), onThese, effort, progress), new Set()))
  }
  return all
}

/** Compares what is chosen at one workload. */
async function compareAll(workload: Workload, call: Call, now: string, before: string | undefined): Promise<Summaries> {
  const has = ({ workloads }: Implementation): boolean => workloads.includes(workload)
  const contenders: Contender[] = [...own, ...call.peers].filter(has).map((each) => onNode(each, now))
  if (before !== undefined) {
    const former = own.filter(has).map((each) => onNode({ ...each, name: `${each.name}, before` }, before))
    contenders.splice(former.length, 0, ...former)
  }
  if (call.beam !== undefined && has(beam)) contenders.push(onBeam(call.beam))
  const comparison = await compare(workload, onNode(limit, now), contenders, call.effort, progress)
  return summarize(comparison, new Set(call.peers.map(({ name }) => name)))
}

/** Measures one of what was asked for. */
async function measure(
  name: Name,
  call: Call,
  now: string,
  before: string | undefined,
): Promise<Pick<Results, 'workloads' | 'topics'>> {
  if (name === 'telemetry') return { workloads: await compareWatched(call.effort, now), topics: [] }
  if (name === 'bounds') return { workloads: await compareBounds(call.effort, now), topics: [] }
  if (isWorkload(name)) return { workloads: [await compareAll(name, call, now, before)], topics: [] }
  const topic = name === 'W8' ? 'slow-sink' : name
  return { workloads: [], topics: [await measureTopic(topic, now, call.effort.rounds)] }
}

function isWorkload(name: Name): name is Workload {
  return workloadNames.some((workload) => workload === name)
}

async function perform(call: Call): Promise<void> {
  prepare()
  const { peers: versions, ...surroundings } = circumstances(call.library)
  const now = build('now', call.library).folder
  const before = call.before === undefined ? undefined : build('before', call.before).folder
  let results: Results = {
    ...surroundings,
    peers: { ...versions, ...call.beam?.versions },
    ...(call.before !== undefined && { before: checkoutIn(call.before) }),
    effort: call.effort,
    left: call.wanted,
    workloads: [],
    topics: [],
  }
  for (const [index, name] of call.wanted.entries()) {
    const { workloads, topics } = await measure(name, call, now, before)
    if (!call.json) console.log([...workloads.map(tableOf), ...topics.map(tableOfTopic)].join('\n'))
    results = {
      ...results,
      left: call.wanted.slice(index + 1),
      workloads: [...results.workloads, ...workloads],
      topics: [...results.topics, ...topics],
    }
    // After each of them: nobody wants to lose half an hour to what goes wrong in the last minute.
    if (call.keepAs !== undefined) keep(call.keepAs, results)
  }
  if (call.json) process.stdout.write(asJson(results))
}

await runAsProgram(async () => {
  const call = readCall()
  if (call === 'help') console.log(usage)
  else await perform(call)
})
