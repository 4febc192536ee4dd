import { mkdirSync, writeFileSync } from 'node:fs'
import type { Effort, Summaries } from './comparison.ts'
import type { Checkout, Circumstances } from './machine.ts'
import type { TopicResult } from './topics.ts'

/** What came of one call of `npm run bench`, to be understood without the machine that it ran on. */
export interface Results extends Circumstances {
  /** The other checkout that was measured beside the library. */
  readonly before?: Checkout
  readonly effort: Effort
  /** What is still to be measured; empty once all is done. */
  readonly left: readonly string[]
  readonly workloads: readonly Summaries[]
  readonly topics: readonly TopicResult[]
}

/** What the numbers of workloads are; those of topics bear their units. */
const units = {
  rate: 'millions of events per second of CPU time, median over the rounds',
  spread: 'how far the middle half of the rates is apart, as a share of their median',
  ofReference: "rate by the reference's, of neighbouring runs: median over the rounds, 95 % interval",
  ofBestPeer: 'ofReference by that of the best peer, round by round: median, 95 % interval',
  seconds: 'seconds of CPU time that are measured in each run',
} as const

/** As JSON, with five digits that count. */
export function asJson(results: Results): string {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
  return `${JSON.stringify({ ...results, units }, round, 2)}\n`
}

/** Keeps them as `bench/results/NAME.json`. */
export function keep(name: string, results: Results): void {
  mkdirSync(new URL('results', import.meta.url), { recursive: true })
  writeFileSync(new URL(`results/${name}.json`, import.meta.url), asJson(results))
}
