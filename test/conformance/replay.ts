import { StartError } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { compareLogs, compareResults, type Difference } from './compare.ts'
import { perform } from './driver.ts'
import type { Entry, Scenario, Step } from './scenario.ts'
import { settleCall } from './settle-call.ts'
import { TestStages } from './test-stages.ts'
import { laterBy, type Timing } from './timing.ts'

/** How a scenario is replayed. */
export interface Manner {
  /** Shuffles the schedule by this seed. Default: the fair schedule. */
  readonly seed?: number
  /** When the callbacks return. Default: `direct`. */
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

/** What came in one step, or while the stages started where there is no step. */
interface Came {
  readonly index: number | undefined
  readonly result: unknown
  readonly log: ReadonlyMap<string, readonly Entry[]>
}

/** Replays a scenario in its own runtime. Returns the differences from its record: none if it passes. */
export async function replay(scenario: Scenario, manner: Manner = {}): Promise<Discrepancy[]> {
  const discrepancies: Discrepancy[] = []
  await playThrough(scenario, manner, ({ index, result, log }) => {
    const action = index === undefined ? undefined : scenario.steps[index]
    const { expect } = action ?? scenario
    const expected = 'result' in expect ? expect.result : undefined
    const differences = [...compareResults(expected, result), ...compareLogs(expect.log, log)]
    const step = index === undefined ? undefined : index + 1
    if (differences.length > 0) discrepancies.push({ step, action, differences })
  })
  return discrepancies
}

/** The scenario with what comes of it under the fair schedule as its record. */
export async function record(scenario: Scenario): Promise<Scenario> {
  const steps = [...scenario.steps]
  let start = scenario.expect
  await playThrough(scenario, {}, ({ index, result, log }) => {
    const expect = { log: Object.fromEntries(log), ...(result !== undefined && { result }) }
    if (index === undefined) start = { ...scenario.expect, ...expect }
    else steps[index] = { ...(steps[index] as Step), expect }
  })
  return { ...scenario, expect: start, steps }
}

async function playThrough(scenario: Scenario, manner: Manner, note: (came: Came) => void): Promise<void> {
  const { seed, timing = 'direct', freezeBatches = false } = manner
  const runtime = testRuntime({ freezeBatches, ...(seed !== undefined && { seed }) })
  const stages = new TestStages(scenario, runtime, laterBy(timing))
  try {
    for (const stage of scenario.order) {
      if (!scenario.stages[stage]?.late) await settleCall(runtime, startOrNot(stages, stage))
    }
    note({ index: undefined, result: undefined, log: stages.takeLog() })
    for (const [index, step] of scenario.steps.entries()) {
      const result = await settleCall(runtime, perform(step, stages))
      note({ index, result, log: stages.takeLog() })
    }
  } finally {
    stages.killAll()
    await runtime.settle()
  }
}

/** A stage that cannot be started logs nothing and gives no result; later steps find it not alive. */
async function startOrNot(stages: TestStages, stage: string): Promise<void> {
  try {
    await stages.start(stage)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
  }
}
