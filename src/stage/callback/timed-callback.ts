import { isThenable } from '../../base/is-thenable.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessReference } from '../../process/reference.ts'

/**
 * Runs a callback, and tells how long it took to answer, its promise included, and what it threw if it did.
 *
 * For stages whose batches somebody listens to; the others do without the clock.
 *
 * @param tell Gets the milliseconds, and the error or `undefined`. Not called for a process that has ended meanwhile.
 */
export function runTimed(
  process: Process,
  run: () => unknown,
  tell: (duration: number, error: unknown) => void,
): unknown {
  const { clock } = process.runtime
  const begun = clock.now()
  const finish = (error: unknown): void => {
    if (process.status !== 'ended') tell(clock.now() - begun, error)
  }
  let result: unknown
  try {
    result = run()
  } catch (error) {
    finish(error)
    throw error
  }
  if (isThenable(result)) {
    result.then(() => finish(undefined), finish)
  } else {
    finish(undefined)
  }
  return result
}

/** A time, or `null` where it is not a number: kept so, as a field that holds numbers only costs less to write. */
export function timeOrNull(time: number): number | null {
  return Number.isNaN(time) ? null : time
}

/** Tells that a consumer asks a producer for more. */
export function emitDemandSent(
  consumer: ProcessReference,
  producer: ProcessReference,
  tag: string,
  demand: number,
): void {
  const { telemetry } = consumer.runtime
  if (!telemetry.hasListener('demand.sent')) return
  telemetry.execute('demand.sent', { demand }, { consumer: consumer.identity, producer: producer.identity, tag })
}

/** Events that came under no subscription of a stage are dropped, as in GenStage, and never in silence. */
export function reportUnknown(process: Process, producer: ProcessReference, count: number): void {
  if (count === 0) return
  const { runtime, identity: stage } = process
  if (runtime.telemetry.hasListener('events.discarded')) {
    runtime.telemetry.execute('events.discarded', { count }, { stage, cause: 'unknown subscription' })
  }
  runtime.log(
    'warn',
    `${process.label} has discarded ${count} events of ${producer.label}, which came under a subscription it has not`,
    { process: process.id, producer: producer.id, discarded: count },
  )
}
