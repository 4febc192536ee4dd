import { describeReason } from '../base/errors.ts'
import { quote } from '../base/quote.ts'
import { type TestRuntime, testRuntime } from './test-runtime.ts'

/**
 * Runs a test `count` times, each time in a new runtime with a different schedule, and stops at the first failure.
 *
 * The error names the seed, and its `cause` is what the body threw. To replay only that run, set the environment variable
 * `GENSTAGE_SEED` to the seed, or pass it: `shuffled(1, body, seed)`. The replay is exact if the body makes all its random
 * choices with `runtime.random`.
 *
 * @param count How many schedules to try: an integer of at least 1.
 * @param body The test. A promise that it returns is awaited; it may throw, with the assertions of any test framework.
 * @param firstSeed The first seed, an integer; the others follow it. Default: 1.
 * @throws {Error} If a run fails.
 * @throws {TypeError | RangeError} If `count`, `firstSeed` or `GENSTAGE_SEED` is not such an integer.
 */
export async function shuffled(
  count: number,
  body: (runtime: TestRuntime, seed: number) => Promise<void> | void,
  firstSeed: number = 1,
): Promise<void> {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`expected count to be an integer of at least 1, got: ${quote(count)}`)
  }
  const replayed = seedToReplay()
  const first = replayed ?? firstSeed
  const end = replayed === undefined ? first + count : first + 1
  for (let seed = first; seed < end; seed++) {
    const runtime = testRuntime({ seed })
    try {
      await body(runtime, seed)
    } catch (error) {
      throw new Error(
        `failed under the schedule of seed ${seed} (to replay it, set GENSTAGE_SEED=${seed}): ${describeReason(error)}`,
        { cause: error },
      )
    }
  }
}

/** The value of `GENSTAGE_SEED`; undefined if it is not set, or if the platform has no environment. */
function seedToReplay(): number | undefined {
  const given = environment().GENSTAGE_SEED
  if (given === undefined || given === '') return undefined
  const seed = Number(given)
  if (Number.isSafeInteger(seed)) return seed
  throw new TypeError(`expected GENSTAGE_SEED to be an integer, got: ${quote(given)}`)
}

interface EnvironmentPlatform {
  readonly process?: { readonly env?: { readonly GENSTAGE_SEED?: string } }
}

function environment(): { readonly GENSTAGE_SEED?: string } {
  try {
    const { GENSTAGE_SEED } = (globalThis as unknown as EnvironmentPlatform).process?.env ?? {}
    return GENSTAGE_SEED === undefined ? {} : { GENSTAGE_SEED }
  } catch {
    // Deno throws unless access to the environment is permitted.
    return {}
  }
}
