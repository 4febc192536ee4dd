import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import nodeProcess from 'node:process'
import type { Signal } from './interrupted-error.ts'

/** A day, in milliseconds. */
const LONG = 86_400_000
/** One Ctrl-C may come twice, from the terminal and from npm: so close together, in milliseconds, they are one. */
const ONE_INTERRUPT = 300

/** Hears the first signal, and lets the second end the program. */
export class SignalListener {
  signal: Signal | undefined
  readonly received: Promise<void>
  private readonly signals: readonly Signal[]
  private readonly hear: (signal: Signal) => void
  private readonly vigil: NodeJS.Timeout
  /** When the first signal came, in milliseconds. */
  private heardAt = 0

  /** @param onFirst Called in the listener for the first signal. */
  constructor(signals: readonly Signal[], onFirst: (signal: Signal) => void) {
    this.signals = signals
    let receive: () => void = () => {}
    this.received = new Promise((resolve) => {
      receive = resolve
    })
    this.hear = (signal) => {
      const now = performance.now()
      if (this.signal === undefined) {
        this.signal = signal
        this.heardAt = now
        nodeProcess.exitCode = exitCodeOf(signal)
        receive()
        onFirst(signal)
      } else if (now - this.heardAt > ONE_INTERRUPT) {
        nodeProcess.exit(exitCodeOf(signal))
      }
    }
    for (const signal of signals) nodeProcess.on(signal, this.hear)
    // Listening for a signal does not keep a program alive, and idle stages do not either.
    this.vigil = setInterval(() => {}, LONG)
  }

  close(): void {
    clearInterval(this.vigil)
    for (const signal of this.signals) nodeProcess.off(signal, this.hear)
  }
}

/** What shells report of a program that a signal ended. */
function exitCodeOf(signal: Signal): number {
  return 128 + constants.signals[signal]
}
