import type { ValidRate } from '../../base/options/rate.ts'
import type { Process } from '../../process/process.ts'
import { emitRateLimited } from './each-telemetry.ts'
import type { EventRun } from './event-run.ts'
import { RateGate } from './rate-gate.ts'
import { waitIn } from './wait-in.ts'

/** Creates the gate of a rate, with the clock and the timers of a process. */
export function gateIn(process: Process, rate: ValidRate, onDue: () => void): RateGate<EventRun> {
  return new RateGate<EventRun>(rate, {
    now: () => process.runtime.clock.now(),
    wait: (ms, run) => void waitIn(process, ms, run),
    onWait: (ms) => emitRateLimited(process, ms),
    onDue,
  })
}
