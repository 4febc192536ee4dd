import type { Runtime } from '../../process/runtime.ts'
import type { Thresholds } from './diagnose-options.ts'
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

export declare function healthy(options?: HealthOptions): Health
