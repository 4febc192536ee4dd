import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../../process/runtime.ts'
import type { Snapshot } from '../snapshot/snapshot-types.ts'
import { snapshotOf } from '../snapshot/take-snapshot.ts'
import { findingsOf } from './diagnose.ts'
import { healthOptions, type Thresholds } from './diagnose-options.ts'
import type { Finding } from './finding.ts'

/** The runtime that a health check examines, and the thresholds from which something counts as wrong. */
export interface HealthOptions extends Thresholds {
  /** The runtime to examine. Default: the program's own. */
  readonly runtime?: Runtime
}

/** The health of a runtime. */
export interface Health {
  /** Whether no finding is a `'problem'`. */
  readonly isHealthy: boolean
  /** All findings, the most severe first, with warnings and notes. */
  readonly findings: readonly Finding[]
}

/** How many snapshots of earlier calls are kept for each runtime. */
const MOST_KEPT = 12
/** The least time between two snapshots that are kept, in milliseconds: frequent calls take no more memory. */
const LEAST_APART = 1_000

/** The snapshots of earlier calls, from the oldest to the newest. */
const formerOf = new WeakMap<ProcessRuntime, readonly Snapshot[]>()

/**
 * Checks whether a runtime is healthy; meant for a health check that runs every few seconds.
 *
 * Takes a snapshot and diagnoses it together with those of earlier calls, up to twelve. So growth is found from the
 * second call on. The bottleneck is found only while an observer or the live page is open.
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
