import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Circumstances } from './machine.ts'
import { type Estimate, estimate } from './statistics.ts'
import { missing, type Ratios } from './verdict.ts'

/** The ratios to the limit that are held to, and what they were measured on. */
export interface Baseline extends Pick<Circumstances, 'at' | 'machine'> {
  /** By `W6, genstage`. */
  readonly ratios: Readonly<Record<string, Estimate>>
}

/**
 * Reads what is stored.
 *
 * @throws {Error} If it is not there, or is no baseline.
 */
export function readBaseline(file: string): Baseline {
  if (!existsSync(file)) {
    throw new Error(`expected a baseline, got none in ${file}: store one with --update, at a commit that is good`)
  }
  const baseline = parse(readFileSync(file, 'utf8'))
  const wrong = Object.entries(baseline?.ratios ?? {}).find(([, each]) => !(each?.median > 0))
  if (baseline?.machine !== undefined && baseline.ratios !== undefined && wrong === undefined) return baseline
  const got = wrong === undefined ? 'something else' : `${wrong[0]}: ${JSON.stringify(wrong[1])}`
  throw new Error(`expected a baseline in ${file}, with a median above 0 for each ratio, got: ${got}`)
}

function parse(text: string): Baseline | undefined {
  try {
    return JSON.parse(text) as Baseline
  } catch {
    return undefined
  }
}

/** Stores what was measured; workloads that were not measured now keep their ratios. */
export function storeBaseline(file: string, measured: Ratios, { at, machine, library }: Circumstances): void {
  const former: Record<string, Estimate> = existsSync(file) ? { ...readBaseline(file).ratios } : {}
  for (const name of missing(measured, former)) delete former[name]
  const now = [...measured].map(([name, ratios]) => [name, rounded(estimate(ratios))] as const)
  const ratios = { ...former, ...Object.fromEntries(now) }
  writeFileSync(file, `${JSON.stringify({ at, machine, library, ratios }, undefined, 2)}\n`)
}

function rounded(estimate: Estimate): object {
  return Object.fromEntries(Object.entries(estimate).map(([name, value]) => [name, Number(value.toFixed(4))]))
}
