import type { WriteStream } from 'node:tty'
import type { Meter } from './meter.ts'
import { amount } from './report.ts'

/** How often the line is drawn, in milliseconds. */
const interval = 200

const eraseLine = '\r\x1b[2K'

/**
 * Shows on one line of a terminal how far the run is.
 *
 * @returns A function that takes the line away again.
 */
export function showProgress(meter: Meter, terminal: WriteStream): () => void {
  const started = performance.now()
  const draw = (): void => {
    const line = progressLine(meter, (performance.now() - started) / 1_000)
    // A line that is wrapped could not be erased. Some terminals do not say how wide they are.
    terminal.write(eraseLine + line.slice(0, (terminal.columns || 80) - 1))
  }
  const timer = setInterval(draw, interval)
  return () => {
    clearInterval(timer)
    terminal.write(eraseLine)
  }
}

/** What one stage has given and the next has not done with waits between the two. */
function progressLine({ files, words, found, read, given, taken }: Meter, seconds: number): string {
  return (
    `${amount(files)} files, ${amount(words)} words, ${amount(words / seconds)} words/s, ` +
    `waiting: ${amount(found - read)} to read, ${amount(given - taken)} to add`
  )
}
