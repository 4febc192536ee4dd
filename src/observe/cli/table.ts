import type { Finding, Severity } from '../snapshot/finding.ts'
import type { Frame } from '../view/frame.ts'
import { type GraphNode, graphOf, hasEnded, nodeLabel } from '../view/graph.ts'
import { amount, duration, percent, rate } from '../view/numbers.ts'
import type { Timeline } from '../view/timeline.ts'

/** How much room there is, and what it may look like. */
export interface Screen {
  readonly columns: number
  /** Alike stages are folded where there are more than fit; `undefined` where there is no end. */
  readonly rows: number | undefined
  readonly isColoured: boolean
}

const headings = ['STAGE', 'STATE', 'IN/S', 'OUT/S', 'BUSY', 'MAILBOX', 'IN HAND', 'BUFFER', 'ASKED'] as const

/** How wide the columns are behind the first, which gets the rest. */
const widths = [9, 8, 8, 6, 9, 9, 9, 9]
const NARROWEST_LABEL = 16

/** What the doctor says and the table of stages, as lines that fit. */
export function linesOf(frame: Frame, timeline: Timeline, title: string, screen: Screen): string[] {
  const { snapshot, findings } = frame
  const paint = painter(screen.isColoured)
  const words = findings.length === 0 ? ['nothing is wrong'] : findings.flatMap((each) => wordsOf(each, screen, paint))
  const head = `${title} · up ${duration(snapshot.time)}`
  const above = [paint('bold', fitted(head, screen.columns)), '', ...words, '']
  const room = screen.rows === undefined ? Number.POSITIVE_INFINITY : Math.max(3, screen.rows - above.length - 2)
  const nodes = nodesOf(frame, timeline, room)
  const shown = nodes.length > room ? nodes.slice(0, room - 1) : nodes
  const width = Math.max(NARROWEST_LABEL, screen.columns - widths.reduce((sum, each) => sum + each, 0))
  const table = shown.map((node) => {
    const line = fitted(aligned(cellsOf(node, frame, timeline), width), screen.columns)
    const severity = findings.find(({ stage }) => node.stages.some(({ id }) => id === stage))?.severity
    if (hasEnded(node)) return paint('dim', line)
    return severity === undefined ? line : paint(severity, line)
  })
  const more = nodes.length - shown.length
  const below = more === 0 ? [] : [paint('dim', `and ${amount(more)} more`)]
  return [...above, paint('dim', fitted(aligned(headings, width), screen.columns)), ...table, ...below]
}

/** Stages, alike ones as one where they would not fit. */
function nodesOf({ snapshot }: Frame, timeline: Timeline, room: number): readonly GraphNode[] {
  const parts = { ...snapshot, ended: timeline.ended }
  const whole = graphOf(parts, { isOn: false, unfolded: new Set() }).nodes
  return whole.length <= room ? whole : graphOf(parts, { isOn: true, unfolded: new Set() }).nodes
}

function cellsOf(node: GraphNode, { snapshot }: Frame, timeline: Timeline): string[] {
  const running = node.stages.filter(({ id }) => !node.ended.has(id))
  const ids = new Set(running.map(({ id }) => id))
  const rates = running.map(({ id }) => timeline.ratesOf(id))
  const label = node.isFold ? `${nodeLabel(node)} × ${running.length}` : nodeLabel(node)
  const states = new Set(running.map(({ state }) => state))
  const state = hasEnded(node) ? 'ended' : states.size === 1 ? [...states].join('') : 'various'
  const busy = sum(rates.map((each) => each.busy))
  const asked = snapshot.subscriptions.filter(({ producer }) => ids.has(producer)).map(({ pending }) => pending)
  const isProducing = running.some(({ producing }) => producing !== undefined)
  return [
    label,
    state,
    orBlank(sum(rates.map((each) => each.handled)), rate),
    orBlank(sum(rates.map((each) => each.emitted)), rate),
    orBlank(busy === null ? null : busy / running.length, percent),
    orBlank(sum(running.map(({ consuming, mailbox }) => consuming?.mailbox ?? mailbox)), amount),
    orBlank(sum(running.map(({ consuming }) => consuming && consuming.inHand + consuming.inbound)), amount),
    orBlank(sum(running.map(({ producing }) => producing?.buffer.events)), amount),
    isProducing ? amount(sum(asked) ?? 0) : '',
  ].map(printable)
}

function orBlank(value: number | null, write: (value: number) => string): string {
  return value === null ? '' : write(value)
}

function sum(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined)
  return known.length === 0 ? null : known.reduce((all, each) => all + each, 0)
}

/** The first to the left, the second too, numbers to the right. */
function aligned(cells: readonly string[], width: number): string {
  return cells
    .map((cell, index) => {
      if (index === 0) return fitted(cell, width - 1).padEnd(width)
      const room = widths[index - 1] ?? 0
      return index === 1 ? cell.padEnd(room) : cell.padStart(room)
    })
    .join('')
    .trimEnd()
}

function wordsOf({ severity, text }: Finding, { columns }: Screen, paint: Paint): string[] {
  const indent = ' '.repeat(9)
  return wrapped(printable(text), Math.max(20, columns - indent.length)).map((line, index) =>
    index === 0 ? `${paint(severity, severity.padEnd(indent.length))}${line}` : `${indent}${line}`,
  )
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((each) => fitted(each, width))
}

/** Names are the user's, and may hold what a terminal takes for a command. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}

function fitted(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

type Paint = (style: Severity | 'bold' | 'dim', text: string) => string

const styles = { problem: 31, warning: 33, note: 36, bold: 1, dim: 2 } as const

function painter(isColoured: boolean): Paint {
  return (style, text) => (isColoured ? `\x1b[${styles[style]}m${text}\x1b[0m` : text)
}
