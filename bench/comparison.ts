import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Beam } from './beam.ts'
import { beam, type Implementation } from './implementations.ts'
import { runProgram } from './run-program.ts'
import { type Estimate, estimate, geometricMean, median, spread } from './statistics.ts'
import { type Workload, workloads } from './workloads.ts'

/** An implementation, and the command that measures it. */
export interface Contender {
  readonly implementation: Implementation
  /**
   * The command that prints `{ rate }`, in millions of events per second of CPU time, for so many seconds of it; or that
   * proves it right, which takes only one run.
   */
  readonly command: (workload: Workload, seconds: number | 'prove') => readonly [command: string, ...args: string[]]
  readonly env?: Readonly<Record<string, string>>
}

/** Makes the command of what runs on Node. */
export function onNode(implementation: Implementation, folder: string): Contender {
  const { file, runs } = implementation
  return {
    implementation,
    command: (workload, seconds) => [
      process.execPath,
      join(folder, 'measure.js'),
      workload,
      file,
      runs,
      String(seconds),
    ],
  }
}

/** GenStage, on one scheduler. */
export function onBeam({ elixir, modules, path }: Beam): Contender {
  const script = fileURLToPath(new URL(beam.file, import.meta.url))
  return {
    implementation: beam,
    command: (workload, seconds) => [elixir, '--erl', '+S 1:1', '-pa', modules, script, workload, String(seconds)],
    env: { PATH: path },
  }
}

/** What came of one implementation at one workload. */
export interface Figures {
  readonly name: string
  readonly holdsBack: boolean
  /** In millions of events per second of CPU time, one per round. */
  readonly rates: readonly number[]
  /** Its rate by that of the reference which ran just before and just after it; none for the reference itself. */
  readonly ratios: readonly number[]
}

/** What came of one workload. */
export interface Comparison {
  readonly workload: Workload
  /** What all the others are held against. */
  readonly reference: Figures
  readonly figures: readonly Figures[]
}

/** How much is measured. */
export interface Effort {
  readonly rounds: number
  /** How much CPU time is measured each time, behind the warm-up. */
  readonly seconds: number
}

/**
 * Measures implementations beside each other, each time in a process of its own.
 *
 * Before that each of them runs once in another one which also looks at what would be much of the work if it were looked
 * at while the time is taken: the order in which each consumer of W3 and W4 gets its events.
 *
 * In each round all of them run once, in an order that changes, and the reference before, between and behind them. What
 * slows the machine down for a while slows down neighbours alike, so what is compared are neighbours: a ratio is a rate
 * by the geometric mean of the two runs of the reference next to it.
 */
export async function compare(
  workload: Workload,
  reference: Contender,
  contenders: readonly Contender[],
  effort: Effort,
  progress: (done: number, of: number) => void,
): Promise<Comparison> {
  const rates = new Map<Contender, number[]>()
  const ratios = new Map<Contender, number[]>()
  const runs = effort.rounds * (2 * contenders.length + 1)
  for (const contender of [reference, ...contenders]) await run(contender, workload, 'prove')
  let done = 0
  const rateOf = async (contender: Contender): Promise<number> => {
    const { rate } = JSON.parse(await run(contender, workload, effort.seconds)) as { readonly rate: number }
    append(rates, contender, rate)
    progress(++done, runs)
    return rate
  }
  for (let round = 0; round < effort.rounds; round++) {
    let before = await rateOf(reference)
    for (const contender of inOrderOf(round, contenders)) {
      const rate = await rateOf(contender)
      const after = await rateOf(reference)
      append(ratios, contender, rate / geometricMean(before, after))
      before = after
    }
  }
  const figuresOf = (contender: Contender): Figures => ({
    name: contender.implementation.name,
    holdsBack: contender.implementation.holdsBack,
    rates: rates.get(contender) ?? [],
    ratios: ratios.get(contender) ?? [],
  })
  return { workload, reference: figuresOf(reference), figures: contenders.map(figuresOf) }
}

/** Each round begins with another one, and every other one goes backwards. */
function inOrderOf(round: number, contenders: readonly Contender[]): readonly Contender[] {
  const first = round % Math.max(1, contenders.length)
  const turned = [...contenders.slice(first), ...contenders.slice(0, first)]
  return round % 2 === 0 ? turned : turned.reverse()
}

function append<Key>(lists: Map<Key, number[]>, key: Key, value: number): void {
  lists.set(key, [...(lists.get(key) ?? []), value])
}

function run({ command, implementation, env }: Contender, workload: Workload, seconds: number | 'prove') {
  const [file, ...args] = command(workload, seconds)
  return runProgram(`${implementation.name} at ${workload}`, file, args, env)
}

/** What is said of an implementation. */
export interface Summary {
  readonly name: string
  readonly holdsBack: boolean
  /** Millions of events per second of CPU time. */
  readonly rate: number
  /** How far the middle half of its rates is apart, as a share of their median. */
  readonly spread: number
  /** Absent for the reference. */
  readonly ofReference?: Estimate
  /** Of that peer which holds back and has the best ratio, round by round; absent for itself and the reference. */
  readonly ofBestPeer?: Estimate
  /** All of its rates, by round. */
  readonly rates: readonly number[]
  /** All of its ratios to the reference, by round. */
  readonly ratios: readonly number[]
}

/** What is said of a workload. */
export interface Summaries {
  readonly workload: Workload
  readonly text: string
  readonly reference: string
  readonly bestPeer?: string
  readonly implementations: readonly Summary[]
}

/** Sums a comparison up. `peers` are the names of those of whom the best is sought. */
export function summarize({ workload, reference, figures }: Comparison, peers: ReadonlySet<string>): Summaries {
  const [best] = figures
    .filter(({ name, holdsBack }) => peers.has(name) && holdsBack)
    .toSorted((one, other) => median(other.ratios) - median(one.ratios))
  return {
    workload,
    text: workloads[workload],
    reference: reference.name,
    ...(best !== undefined && { bestPeer: best.name }),
    implementations: [reference, ...figures].map((each) => ({
      name: each.name,
      holdsBack: each.holdsBack,
      rate: median(each.rates),
      spread: spread(each.rates),
      ...(each !== reference && { ofReference: estimate(each.ratios) }),
      ...(each !== reference && best !== undefined && each !== best && { ofBestPeer: roundByRound(each, best) }),
      rates: each.rates,
      ratios: each.ratios,
    })),
  }
}

function roundByRound(one: Figures, other: Figures): Estimate {
  return estimate(one.ratios.map((ratio, round) => ratio / (other.ratios[round] ?? Number.NaN)))
}
