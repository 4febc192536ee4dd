import { isEqual } from './compare.ts'
import { FormatError, readScenarios, readText } from './read-scenarios.ts'
import type { Scenario } from './scenario.ts'

// Records that hold a fault of GenStage's, and the records that are right instead: differences.json.

/** A recorded scenario in which this library differs from GenStage on purpose. */
export interface AmendedRecord {
  /** Why the recorded one is not right, in one sentence. */
  readonly reason: string
  /** The heading of the entry in docs/decisions.md that decided so. */
  readonly decision: string
  /**
   * The scenario with the record that is right: the same in all but what is expected. It may be marked `fifo` where the
   * recorded one is marked `any`, because more of it may depend on the order of turns.
   */
  readonly scenario: Scenario
}

/** Where the recorded scenarios are. */
export const vectorsFile: URL = new URL('./vectors.json', import.meta.url)
/** Where the amended records are. */
export const differencesFile: URL = new URL('./differences.json', import.meta.url)

/** Reads the amended records; throws a {@link FormatError} if they cannot be read. */
export async function readDifferences(): Promise<AmendedRecord[]> {
  const value: unknown = JSON.parse(await readText(differencesFile))
  if (Array.isArray(value) && value.every((entry) => isAmendedRecord(entry))) return value
  throw new FormatError('differences.json: expected a list of { reason, decision, scenario }')
}

function isAmendedRecord(entry: unknown): entry is AmendedRecord {
  const { reason, decision, scenario } = (entry ?? {}) as Partial<AmendedRecord>
  return typeof reason === 'string' && typeof decision === 'string' && typeof scenario?.name === 'string'
}

/** Reads the recorded scenarios, those that are listed with their amended records. */
export async function readAmended(): Promise<Scenario[]> {
  return amend(await readScenarios(vectorsFile))
}

/**
 * Puts the amended record in place of the recorded one.
 *
 * That is done only for a scenario that is exactly as it was recorded: any other one is taken at its word.
 */
export async function amend(scenarios: readonly Scenario[]): Promise<Scenario[]> {
  const amended = new Map((await readDifferences()).map(({ scenario }) => [scenario.name, scenario]))
  if (!scenarios.some(({ name }) => amended.has(name))) return [...scenarios]
  const recorded = new Map((await readScenarios(vectorsFile)).map((scenario) => [scenario.name, scenario]))
  return scenarios.map((scenario) => {
    const replacement = amended.get(scenario.name)
    return replacement !== undefined && isEqual(scenario, recorded.get(scenario.name)) ? replacement : scenario
  })
}

/** A scenario without its record, and under which schedules that holds: what is done, by which stages. */
export function withoutRecord({ expect: _start, schedule: _schedule, steps, ...outline }: Scenario): unknown {
  return { ...outline, steps: steps.map(({ expect: _expect, ...action }) => action) }
}
