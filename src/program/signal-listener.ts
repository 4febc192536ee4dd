import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import nodeProcess from 'node:process'
import type { Signal } from './interrupted-error.ts'

/** A day, in milliseconds. */
const LONG = 86_400_000
/** One Ctrl-C may arrive twice, from the terminal and from npm: within this time, in milliseconds, they count as one. */
const ONE_INTERRUPT = 300

/** Listens for signals: reports the first, and ends the program on the second. */
export class SignalListener {
  signal: Signal | undefined
  readonly received: Promise<void>
  private readonly signals: readonly Signal[]
  private readonly listener: (signal: Signal) => void
  private readonly keepAlive: NodeJS.Timeout
  /** When the first signal came, in milliseconds. */
  private receivedAt = 0

  /** @param onFirst Called in the listener for the first signal. */
  constructor(signals: readonly Signal[], onFirst: (signal: Signal) => void) {
    this.signals = signals
    let receive: () => void = () => {}
    this.received = new Promise((resolve) => {
      receive = resolve
    })
    this.listener = (signal) => {
      const now = performance.now()
      if (this.signal === undefined) {
        this.signal = signal
        this.receivedAt = now
        nodeProcess.exitCode = exitCodeOf(signal)
        receive()
        onFirst(signal)
      } else if (now - this.receivedAt > ONE_INTERRUPT) {
        nodeProcess.exit(exitCodeOf(signal))
      }
    }
    for (const signal of signals) nodeProcess.on(signal, this.listener)
    // Neither a signal listener nor idle stages keep a program alive.
    this.keepAlive = setInterval(() => {}, LONG)
  }

  close(): void {
    clearInterval(this.keepAlive)
    for (const signal of this.signals) nodeProcess.off(signal, this.listener)
  }
}

/** The exit code that shells report for a program that a signal ended. */
function exitCodeOf(signal: Signal): number {
  return 128 + constants.signals[signal]
}
