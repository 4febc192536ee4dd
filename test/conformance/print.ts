import type { Difference } from './compare.ts'
import type { Discrepancy } from './replay.ts'
import type { Entry, Step } from './scenario.ts'

/** How many equal entries are shown around those that differ. */
const context = 2

/**
 * What differs in a replay, for a person to read.
 *
 * Entries marked `-` were expected, those marked `+` came instead; the others are the same and show where one is.
 */
export function printDiscrepancies(title: string, discrepancies: readonly Discrepancy[]): string {
  const lines = [title]
  for (const { step, action, differences } of discrepancies) {
    lines.push(action === undefined ? '  while the stages started' : `  step ${step}: ${printAction(action)}`)
    for (const difference of differences) lines.push(...printDifference(difference).map((line) => `    ${line}`))
  }
  return lines.join('\n')
}

function printAction({ op, expect: _expect, ...rest }: Step): string {
  const words = Object.entries(rest).map(([key, value]) => `${key} ${JSON.stringify(value)}`)
  return [op, ...words].join(', ')
}

function printDifference(difference: Difference): string[] {
  if ('result' in difference) {
    const { expected, came } = difference.result
    return ['result', `- ${printValue(expected)}`, `+ ${printValue(came)}`]
  }
  return [`stage ${difference.stage}`, ...printEntries(difference.expected, difference.came)]
}

/** The entries from the first that differs to the last, with a few equal ones around them. */
function printEntries(expected: readonly Entry[], came: readonly Entry[]): string[] {
  const left = expected.map(printValue)
  const right = came.map(printValue)
  const shorter = Math.min(left.length, right.length)
  let head = 0
  while (head < shorter && left[head] === right[head]) head++
  let tail = 0
  while (tail < shorter - head && left.at(-1 - tail) === right.at(-1 - tail)) tail++
  const before = left.slice(Math.max(0, head - context), head)
  const after = left.slice(left.length - tail, left.length - tail + context)
  return [
    ...omitted(head - before.length),
    ...before.map((entry) => `  ${entry}`),
    ...left.slice(head, left.length - tail).map((entry) => `- ${entry}`),
    ...right.slice(head, right.length - tail).map((entry) => `+ ${entry}`),
    ...after.map((entry) => `  ${entry}`),
    ...omitted(tail - after.length),
  ]
}

function omitted(count: number): string[] {
  return count > 0 ? [`  … ${count} equal`] : []
}

function printValue(value: unknown): string {
  if (value === undefined) return 'none'
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(printValue).join(',')}]`
  return JSON.stringify(value)
}
