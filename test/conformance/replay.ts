import { StartError } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { Cast } from './cast.ts'
import { compareLogs, compareResults, type Difference } from './compare.ts'
import { perform } from './driver.ts'
import type { Scenario, Step } from './scenario.ts'
import { play } from './stagehand.ts'
import { laterBy, type Timing } from './timing.ts'

/** How a scenario is replayed. */
export interface Manner {
  /** Shuffles the schedule by this seed. Default: the fair schedule. */
  readonly seed?: number
  /** When the callbacks answer. Default: `direct`. */
  readonly timing?: Timing
  /** Freezes every batch. Default: false. */
  readonly freezeBatches?: boolean
}

/** What came otherwise than recorded in one step, or while the stages started where there is no step. */
export interface Discrepancy {
  /** From 1; undefined while the stages started. */
  readonly step: number | undefined
  readonly action: Step | undefined
  readonly differences: readonly Difference[]
}

/** Replays a scenario in a runtime of its own and answers where it differs from its record: nowhere, if it passes. */
export async function replay(scenario: Scenario, manner: Manner = {}): Promise<Discrepancy[]> {
  const { seed, timing = 'direct', freezeBatches = false } = manner
  const runtime = testRuntime({ freezeBatches, ...(seed !== undefined && { seed }) })
  const cast = new Cast(scenario, runtime, laterBy(timing))
  const discrepancies: Discrepancy[] = []
  try {
    for (const stage of scenario.order) {
      if (!scenario.stages[stage]?.late) await play(runtime, startOrNot(cast, stage))
    }
    note(undefined, undefined, compareLogs(scenario.expect.log, cast.takeLog()))
    for (const [index, step] of scenario.steps.entries()) {
      const result = await play(runtime, perform(step, cast))
      const { expect } = step
      note(index + 1, step, [...compareResults(expect.result, result), ...compareLogs(expect.log, cast.takeLog())])
    }
  } finally {
    cast.dismiss()
    await runtime.settle()
  }
  return discrepancies

  function note(step: number | undefined, action: Step | undefined, differences: Difference[]): void {
    if (differences.length > 0) discrepancies.push({ step, action, differences })
  }
}

/** A stage that cannot be started logs nothing and gives no result; later steps find it not alive. */
async function startOrNot(cast: Cast, stage: string): Promise<void> {
  try {
    await cast.start(stage)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
  }
}
