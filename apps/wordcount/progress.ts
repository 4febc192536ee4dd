import type { WriteStream } from 'node:tty'
import type { Meter } from './meter.ts'
import { amount } from './report.ts'

/** The time between two updates of the line, in milliseconds. */
const interval = 200

const eraseLine = '\r\x1b[2K'

/**
 * Shows the progress of the run on one line of a terminal.
 *
 * @returns A function that removes the line.
 */
export function showProgress(meter: Meter, terminal: WriteStream): () => void {
  const started = performance.now()
  const draw = (): void => {
    const line = progressLine(meter, (performance.now() - started) / 1_000)
    // A wrapped line could not be erased. Some terminals do not report their width.
    terminal.write(eraseLine + line.slice(0, (terminal.columns || 80) - 1))
  }
  const timer = setInterval(draw, interval)
  return () => {
    clearInterval(timer)
    terminal.write(eraseLine)
  }
}

/** Items that one stage has emitted and the next has not handled are waiting between the two. */
function progressLine({ files, words, found, read, emitted, added }: Meter, seconds: number): string {
  return (
    `${amount(files)} files, ${amount(words)} words, ${amount(words / seconds)} words/s, ` +
    `waiting: ${amount(found - read)} to read, ${amount(emitted - added)} to add`
  )
}
