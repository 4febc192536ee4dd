import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../../process/runtime.ts'
import type { Snapshot } from '../snapshot/snapshot-types.ts'
import { snapshotOf } from '../snapshot/take-snapshot.ts'
import { findingsOf } from './diagnose.ts'
import { healthOptions, type Thresholds } from './diagnose-options.ts'
import type { Finding } from './finding.ts'

/** Which runtime a health check asks about, and from when on something counts as wrong. */
export interface HealthOptions extends Thresholds {
  /** Default: the program's own runtime. */
  readonly runtime?: Runtime
}

/** How a runtime is. */
export interface Health {
  /** Whether no finding is a `'problem'`. */
  readonly isHealthy: boolean
  /** What is wrong, the worst first: warnings and notes too. */
  readonly findings: readonly Finding[]
}

/** How many snapshots of former calls are kept, for each runtime. */
const MOST_KEPT = 12
/** Snapshots that are kept lie so far apart, in milliseconds: who asks more often costs no more memory. */
const LEAST_APART = 1_000

/** The snapshots of former calls, from the oldest to the newest. */
const formerOf = new WeakMap<ProcessRuntime, readonly Snapshot[]>()

/**
 * Answers whether a runtime is healthy: for a health check that is asked every few seconds.
 *
 * Says what `diagnose` says of a snapshot that it takes now and of those that former calls have taken, up to twelve. So
 * what grows is seen from the second call on. How busy stages are is only known while an observer is open, or the live
 * page.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 */
export function healthy(options?: HealthOptions): Health {
  const { runtime: given, ...thresholds } = healthOptions.read(options, 'the options of healthy')
  const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
  const former = formerOf.get(runtime) ?? []
  const now = snapshotOf(runtime)
  const snapshots = [...former, now]
  const last = former.at(-1)
  if (last === undefined || now.time - last.time >= LEAST_APART) formerOf.set(runtime, snapshots.slice(-MOST_KEPT))
  const findings = findingsOf(snapshots, thresholds)
  return { isHealthy: findings.every(({ severity }) => severity !== 'problem'), findings }
}
