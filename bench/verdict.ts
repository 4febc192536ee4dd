import type { Baseline } from './baseline.ts'
import { type Estimate, estimate } from './statistics.ts'

/**
 * How much of its stored ratio a workload may lose. Medians of nine ratios differ by up to 5 % between two runs of the
 * same code on a busy machine; who seems to have lost more is measured again, so that chance would have to strike twice.
 */
export const TOLERANCE = 0.1

/** Ratios to the limit, one per round, by workload and implementation, as `W6, genstage`. */
export type Ratios = ReadonlyMap<string, readonly number[]>

/** What is to be said of a ratio. */
export interface Verdict {
  readonly name: string
  readonly now: Estimate
  /** The stored median, and the change since as a share of it; absent where nothing is stored. */
  readonly stored?: number
  readonly change?: number
  readonly hasLost: boolean
}

/** Holds what was measured against what is stored. */
export function judge(measured: Ratios, { ratios }: Baseline): readonly Verdict[] {
  return [...measured].map(([name, each]) => {
    const now = estimate(each)
    const stored = ratios[name]?.median
    if (stored === undefined) return { name, now, hasLost: false }
    // Of a ratio that is no number it is not known that it has not lost.
    return { name, now, stored, change: now.median / stored - 1, hasLost: !(now.median >= stored * (1 - TOLERANCE)) }
  })
}

/** Those that seem to have lost. */
export function losers(verdicts: readonly Verdict[]): readonly Verdict[] {
  return verdicts.filter(({ hasLost }) => hasLost)
}

/** What is stored of the workloads that were measured, and was not measured: whoever is renamed is lost sight of. */
export function missing(measured: Ratios, stored: Baseline['ratios']): readonly string[] {
  const workloadOf = (name: string): string | undefined => name.split(',')[0]
  const workloads = new Set([...measured.keys()].map(workloadOf))
  return Object.keys(stored).filter((name) => workloads.has(workloadOf(name)) && !measured.has(name))
}

/** Says who has lost, and how much. */
export function complaint({ name, now, stored = Number.NaN, change = Number.NaN }: Verdict): string {
  const ratios = `${now.median.toFixed(3)} of the limit, was ${stored.toFixed(3)}`
  return `${name} has lost ${(-change * 100).toFixed(1)} %, more than ${TOLERANCE * 100} %: ${ratios}`
}

/** Both of two measurements, taken together. */
export function together(one: Ratios, other: Ratios): Ratios {
  return new Map([...one].map(([name, ratios]) => [name, [...ratios, ...(other.get(name) ?? [])]]))
}
