import { setTimeout as sleep } from 'node:timers/promises'
import type { PageUpdate } from '../view/page-update.ts'
import { Timeline } from '../view/timeline.ts'
import { type Address, ObserveError, readUpdates } from './client.ts'
import { linesOf } from './lines-of.ts'

/** The time until the next attempt to reach a program that has ended, in milliseconds. */
const RETRY = 1_000
/** How long to wait for a second update, which rates require, in milliseconds. */
const PATIENCE = 2_500
/** The width of an output that is no terminal. */
const USUAL_COLUMNS = 110

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const eraseLine = '\x1b[K'
const eraseBelow = '\x1b[J'

/** The output of the table: a stream, perhaps a terminal. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Prints the table once, with rates if the program sends a second update soon enough. */
export async function printOnce(address: Address, output: Output, signal: AbortSignal): Promise<void> {
  const timeline = new Timeline()
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(), PATIENCE)
  let last: PageUpdate | undefined
  try {
    let count = 0
    for await (const update of readUpdates(address, AbortSignal.any([signal, enough.signal]))) {
      timeline.add(update.snapshot)
      last = update
      if (++count === 2) break
    }
  } finally {
    clearTimeout(timer)
  }
  if (last === undefined) {
    if (signal.aborted) return
    throw new ObserveError(`${address.url.origin} sent no update within ${PATIENCE} ms`)
  }
  const screen = { columns: output.columns ?? USUAL_COLUMNS, rows: undefined, isColoured: false }
  output.write(`${linesOf(last, timeline, address.url.origin, screen).join('\n')}\n`)
}

/**
 * Shows the table on a terminal until `signal` is aborted. Restores the terminal.
 *
 * Rejects with an `ObserveError` if the program cannot be reached at first. Later it waits for the program to return.
 */
export async function watch(address: Address, output: Output, isColoured: boolean, signal: AbortSignal): Promise<void> {
  const timeline = new Timeline()
  let isShown = false
  let last: PageUpdate | undefined
  const draw = (status: string): void => {
    if (!isShown) output.write(enter)
    isShown = true
    const { columns = 80, rows = 24 } = output
    const title = `${address.url.origin}${status}`
    const lines = last === undefined ? [title] : linesOf(last, timeline, title, { columns, rows: rows - 1, isColoured })
    output.write(
      home +
        lines
          .slice(0, rows - 1)
          .map((line) => `${line}${eraseLine}\n`)
          .join('') +
        eraseBelow,
    )
  }
  try {
    while (!signal.aborted) {
      try {
        for await (const update of readUpdates(address, signal)) {
          last = update
          draw(timeline.add(update.snapshot) ? ' · the program was started again' : '')
        }
      } catch (error) {
        if (!isShown || !(error instanceof ObserveError) || error.isFinal) throw error
      }
      if (signal.aborted) return
      draw(' · ended or not reachable, trying again')
      await sleep(RETRY, undefined, { signal }).catch(() => {})
    }
  } finally {
    if (isShown) output.write(leave)
  }
}
