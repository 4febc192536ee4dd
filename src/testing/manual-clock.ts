import type { Clock } from '../process/schedule/timers.ts'

/** A clock that advances only by `runNext` and `moveTo`. */
export interface ManualClock extends Clock {
  /** Advances to the next timer that is due by `until`, and runs it; returns whether there was one. */
  runNext(until: number): boolean
  /** Sets the time, without running timers. */
  moveTo(time: number): void
}

/** Makes a clock that starts at 0. */
export function manualClock(): ManualClock {
  let time = 0
  let timers: { readonly due: number; readonly run: () => void }[] = []
  return {
    now: () => time,
    setTimer(run, ms) {
      const timer = { due: time + ms, run }
      timers.push(timer)
      return {
        clear() {
          timers = timers.filter((each) => each !== timer)
        },
      }
    },
    runNext(until) {
      let next: (typeof timers)[number] | undefined
      for (const timer of timers) if (timer.due <= until && (next === undefined || timer.due < next.due)) next = timer
      if (next === undefined) return false
      const { due, run } = next
      timers = timers.filter((each) => each !== next)
      time = Math.max(time, due)
      run()
      return true
    },
    moveTo(next) {
      time = Math.max(time, next)
    },
  }
}
