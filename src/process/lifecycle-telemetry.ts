import type { ExitCause } from './exit/exit-cause.ts'
import { ProcessRecord } from './process-record.ts'

/** Emits `stage.started`, if it has a listener. */
export function emitStarted(process: ProcessRecord): void {
  const { telemetry, processes } = process.runtime
  if (!telemetry.hasListener('stage.started')) return
  const parent = process.parent instanceof ProcessRecord ? process.parent.identity : undefined
  telemetry.execute('stage.started', { alive: processes.size }, { stage: process.identity, parent })
}

/** Emits `stage.stopped`, if it has a listener. */
export function emitStopped(
  process: ProcessRecord,
  { reason, isFailure }: ExitCause,
  remaining: Readonly<Record<string, number>>,
  wasStarted: boolean,
): void {
  const { telemetry, processes } = process.runtime
  if (!telemetry.hasListener('stage.stopped')) return
  const numbers = { remaining: totalOf(remaining), alive: processes.size }
  telemetry.execute('stage.stopped', numbers, { stage: process.identity, reason, isFailure, wasStarted, remaining })
}

/** Emits `failure.reported`, if it has a listener. */
export function emitFailure(process: ProcessRecord, cause: ExitCause, remaining: number): void {
  const { telemetry } = process.runtime
  if (!telemetry.hasListener('failure.reported')) return
  const { reason, callback } = cause
  const description = cause.describe()
  telemetry.execute('failure.reported', { remaining }, { stage: process.identity, reason, callback, description })
}

/** The number of events in all places. */
export function totalOf(remaining: Readonly<Record<string, number>>): number {
  return Object.values(remaining).reduce((sum, count) => sum + count, 0)
}
