import type { Process } from '../../process/process.ts'
import type { Upstream } from '../consuming/upstream.ts'
import type { EventRun } from './event-run.ts'

/** An attempt has ended: with `error`, or `undefined` if the handler returned. */
export function emitHandled(process: Process, run: EventRun, error: unknown): void {
  const { telemetry, clock } = process.runtime
  if (!telemetry.hasListener('batch.handled')) return
  const { handle } = run.source as Upstream
  telemetry.execute(
    'batch.handled',
    { size: 1, duration: clock.now() - run.startedAt },
    { consumer: process.identity, tag: handle.tag, events: [run.event], error },
  )
}

/** An attempt has failed. */
export function emitAttemptFailed(process: Process, { event, attempt }: EventRun, error: unknown): void {
  const { telemetry } = process.runtime
  if (!telemetry.hasListener('attempt.failed')) return
  telemetry.execute('attempt.failed', { attempt }, { consumer: process.identity, event, error })
}

/** An attempt that failed will be repeated. */
export function emitAttemptRetried(process: Process, { event, attempt }: EventRun, delay: number): void {
  const { telemetry } = process.runtime
  if (!telemetry.hasListener('attempt.retried')) return
  telemetry.execute('attempt.retried', { attempt, delay }, { consumer: process.identity, event })
}

/** An event has failed for good, and the stage goes on without it. */
export function emitSkipped(process: Process, { event, attempt }: EventRun, error: unknown): void {
  const { telemetry } = process.runtime
  if (!telemetry.hasListener('event.skipped')) return
  telemetry.execute('event.skipped', { attempts: attempt }, { consumer: process.identity, event, error })
}

/** An event waits for its rate. */
export function emitRateLimited(process: Process, wait: number): void {
  const { telemetry } = process.runtime
  if (!telemetry.hasListener('rate.limited')) return
  telemetry.execute('rate.limited', { wait }, { consumer: process.identity })
}
