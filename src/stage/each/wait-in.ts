import type { ProcessRecord } from '../../process/process-record.ts'
import type { Deadline } from '../../process/schedule/timers.ts'

/** Runs a function after so many milliseconds, unless the process has ended before. */
export function waitIn(process: ProcessRecord, ms: number, run: () => void): Deadline {
  const deadlines = process.deadlines ?? new Set()
  process.deadlines = deadlines
  const deadline = process.runtime.timers.add(ms, () => {
    deadlines.delete(deadline)
    run()
  })
  deadlines.add(deadline)
  return {
    cancel() {
      deadlines.delete(deadline)
      deadline.cancel()
    },
  }
}
