import { describeReason } from '../base/errors.ts'
import { quote } from '../base/quote.ts'
import { type TestRuntime, testRuntime } from './test-runtime.ts'

/**
 * Runs a test `count` times, each in a runtime of its own with another schedule, and stops at the first that fails.
 *
 * The error names the seed, and its `cause` is what the body threw. To replay that one run, and no other, set the
 * environment variable `GENSTAGE_SEED` to the seed, or hand it in: `shuffled(1, body, seed)`. The replay is exact if the
 * body takes all that it leaves to chance from `runtime.random`.
 *
 * @param count How many schedules to try: an integer of at least 1.
 * @param body The test. What it returns is waited for; it may throw, by the assertions of any test framework.
 * @param firstSeed The first seed, an integer; the others follow it. Default: 1.
 * @throws {Error} If a run fails.
 * @throws {TypeError | RangeError} If `count`, `firstSeed` or `GENSTAGE_SEED` is no such integer.
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

/** What `GENSTAGE_SEED` says; undefined where it is not set, or the platform has no environment. */
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
    // Deno refuses to tell, unless it was permitted to.
    return {}
  }
}
