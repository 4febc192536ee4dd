import { inspect } from 'node:util'
import fc from 'fast-check'
import { test } from 'vitest'
import type { Problem } from './ledger.ts'

/** How many cases each promise is tried on; more than the default for a run over night. */
const wantedRuns = readInteger('PROMISE_RUNS')
/** Where a failure is replayed from: both are part of its message. */
const wantedSeed = readInteger('PROMISE_SEED')
const wantedPath = process.env.PROMISE_PATH
/** Whether a case that fails is made smaller; `PROMISE_SHRINK=0` shows the first one as it is. */
const shrinks = process.env.PROMISE_SHRINK !== '0'

/** The seed where none is given, so that a run of `npm test` does not depend on luck. */
const USUAL_SEED = 20_250_601
/** Room for a slow machine, in milliseconds per case, and for making a failing one smaller. */
const TIME_PER_RUN = 250
const TIME_TO_SHRINK = 60_000

/** How long a case may wait, in milliseconds. A longer wait is for something that never happens. */
const LONGEST_RUN = 10_000

/** How much is tried of a promise. */
export interface Extent {
  /** How many random cases are run by default. */
  readonly runs: number
}

/**
 * A test that a promise holds for every case that an arbitrary makes up: pipelines, options, faults, schedules.
 *
 * Where it does not, the message holds the smallest case found, and how to replay it.
 */
export function promise<Case>(
  title: string,
  { runs }: Extent,
  cases: fc.Arbitrary<Case>,
  holds: (each: Case) => Promise<void>,
): void {
  const numRuns = wantedRuns ?? runs
  const body = async (): Promise<void> => {
    const outcome = await fc.check(fc.asyncProperty(cases, holds), {
      numRuns,
      seed: wantedSeed ?? USUAL_SEED,
      ...(wantedPath === undefined ? {} : { path: wantedPath }),
      endOnFailure: !shrinks,
      timeout: LONGEST_RUN,
    })
    if (outcome.failed) throw describe(outcome)
  }
  test(title, body, numRuns * TIME_PER_RUN + TIME_TO_SHRINK)
}

function describe<Case>(outcome: fc.RunDetails<[Case]>): Error {
  const { seed, counterexample, counterexamplePath, numRuns, numShrinks } = outcome
  const example = inspect(counterexample?.[0], { depth: 20, compact: 8, breakLength: 200, maxArrayLength: 200 })
  const found = `failed in run ${numRuns}, made smaller ${numShrinks} times`
  const replay = `replay it with PROMISE_SEED=${seed} PROMISE_PATH=${counterexamplePath} and -t with this title`
  const cause = outcome.errorInstance
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`${reason}\n\n${found}: ${replay}\n\n${example}`, { cause })
}

function readInteger(name: string): number | undefined {
  const given = process.env[name]
  if (given === undefined || given === '') return undefined
  const value = Number(given)
  if (!Number.isSafeInteger(value)) throw new RangeError(`expected ${name} to be an integer, got: ${given}`)
  return value
}

/**
 * Fails with all that is wrong, a line each; of problems that break other promises only those of the library itself.
 */
export function expectUnbroken(promised: Problem['breaks'], problems: readonly Problem[]): void {
  const broken = problems.filter(({ breaks }) => breaks === promised || breaks === 'library')
  if (broken.length > 0) throw new Error([...new Set(broken.map(({ text }) => text))].slice(0, 12).join('\n'))
}
