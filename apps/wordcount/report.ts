import { printable } from './path-text.ts'
import type { Result } from './pipeline.ts'

/** What the report shows in addition to the result. */
export interface RunFacts {
  readonly folder: string
  /** Whether the run was interrupted. */
  readonly isPartial: boolean
  readonly seconds: number
  readonly peakMegabytes: number
}

const longestShown = 32

/** The result as one JSON object, on one line. */
export function jsonReport({ files, skipped, failed, words, distinct, top }: Result, isPartial: boolean): string {
  const report = { files, skipped, failed, words, distinct, top }
  return `${JSON.stringify(isPartial ? { ...report, partial: true } : report)}\n`
}

/** The result for people to read, in lines of at most the given number of columns where possible. */
export function textReport(result: Result, facts: RunFacts, columns: number): string {
  const { files, skipped, failed, words, distinct } = result
  const { isPartial, seconds, peakMegabytes } = facts
  const unreadable = failed.map(({ path, reason }) => `  ${printable(path)}: ${printable(reason)}`)
  const lines = [
    `${isPartial ? 'Partial result, interrupted: words' : 'Words'} in ${printable(facts.folder)}`,
    '',
    ...bars(result.top, columns),
    '',
    `${amount(words)} words, ${amount(distinct)} of them distinct${isPartial ? ' (so far)' : ''}`,
    `${amount(files)} files counted, ${amount(skipped)} binary or generated ones skipped, ${amount(failed.length)} could not be read` +
      (failed.length > 0 ? ':' : ''),
    ...unreadable,
    `${seconds.toFixed(1)} s, ${amount(Math.round(words / seconds))} words/s, at most ${amount(peakMegabytes)} MB of memory`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** A whole number, in groups of three digits. */
export function amount(number: number): string {
  return number.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

function bars(top: Result['top'], columns: number): string[] {
  const rows = top.map(([word, count]) => ({ word: shortened(word), count, shown: amount(count) }))
  const wordWidth = Math.max(0, ...rows.map(({ word }) => word.length))
  const countWidth = Math.max(0, ...rows.map(({ shown }) => shown.length))
  const most = rows[0]?.count ?? 0
  const barWidth = Math.max(10, columns - wordWidth - countWidth - '    '.length)
  return rows.map(({ word, count, shown }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((barWidth * count) / most)))
    return `${word.padEnd(wordWidth)}  ${shown.padStart(countWidth)}  ${bar}`
  })
}

function shortened(word: string): string {
  return word.length > longestShown ? `${word.slice(0, longestShown - 1)}…` : word
}
