import type { Summaries, Summary } from './comparison.ts'
import type { Estimate } from './statistics.ts'

/** Lines up columns: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A workload's table. */
export function tableOf({ workload, text, reference, bestPeer, implementations }: Summaries): string {
  const head = [
    '',
    'M events/CPU s, median',
    'spread',
    `of ${reference}`,
    '(95 %)',
    ...(bestPeer === undefined ? [] : ['of the best peer', '(95 %)']),
  ]
  const rows = implementations.map((each) => [
    each.holdsBack ? each.name : `${each.name} (no back-pressure)`,
    figure(each.rate),
    `${(each.spread * 100).toFixed(0)} %`,
    ...ratio(each.ofReference),
    ...ratioToBest(each, bestPeer),
  ])
  return `${workload}  ${text}\n${table([head, ...rows])}\n`
}

function ratioToBest({ name, ofBestPeer }: Summary, bestPeer: string | undefined): [string, string] {
  return name === bestPeer ? ['the best', ''] : ratio(ofBestPeer)
}

function ratio(estimate: Estimate | undefined): [string, string] {
  if (estimate === undefined) return ['', '']
  const { median, low, high } = estimate
  return [median.toFixed(3), low === undefined || high === undefined ? '' : `${low.toFixed(3)}–${high.toFixed(3)}`]
}

/** Three digits that count, and no more. */
export function figure(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3)
}
