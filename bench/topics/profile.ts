// Where the CPU time of a workload goes: by part of the library, as V8's sampling profiler sees it.
import type { Runtime } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { findSourceMap, type SourceMapping } from 'node:module'
import { cpuTime } from '../cpu-time.ts'
import { runs } from '../peers/genstage.ts'
import type { Workload } from '../workloads.ts'
import { report } from './figure.ts'

/** How many events each has in one run, for a run to take a good part of a second; W6 has always as many. */
const COUNTS: Readonly<Record<Workload, number>> = {
  W1: 20_000_000,
  W2: 1_000_000,
  W3: 30_000_000,
  W4: 20_000_000,
  W5: 8_000_000,
  W6: 20_000,
}
/** In milliseconds of CPU time. */
const WARM_UP = 1_500
const WINDOW = 2_000
/** Between two samples, in microseconds. */
const INTERVAL = 200

type CallFrame = Runtime.CallFrame

const workload = process.argv[2] as Workload

async function runFor(window: number): Promise<void> {
  const begin = cpuTime()
  while (cpuTime() - begin < window) await runs[workload]?.(COUNTS[workload])
}

/** Whose a sample is; undefined where nobody was doing anything. */
function ownerOf({ functionName: name, url, lineNumber, columnNumber }: CallFrame): string | undefined {
  if (name === '(idle)') return undefined
  if (name === '(garbage collector)') return 'garbage'
  // The library is bundled, so the source map shows to which part a function belongs.
  const entry: Partial<SourceMapping> =
    (url.includes('/genstage/dist/') && findSourceMap(url)?.findEntry(lineNumber, columnNumber)) || {}
  const part = /\/src\/(\w+)\//.exec(entry.originalSource ?? '')?.[1]
  if (part !== undefined) return `genstage, ${part}`
  return /\/(peers\/|work\.js)/.test(url) ? "the stages' own work" : 'Node and V8'
}

await runFor(WARM_UP)
const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
await session.post('Profiler.start')
await runFor(WINDOW)
const { profile } = await session.post('Profiler.stop')

const owners = new Map(profile.nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]))
const samples = (profile.samples ?? []).map((id) => owners.get(id)).filter((owner) => owner !== undefined)
const counts = new Map<string, number>()
for (const owner of samples) counts.set(owner, (counts.get(owner) ?? 0) + 1)
report(
  ...Array.from(counts, ([owner, count]) => ({
    what: `${workload}, ${owner}`,
    value: (100 * count) / samples.length,
    unit: '%',
  })).sort((one, other) => other.value - one.value),
)
process.exit(0)
