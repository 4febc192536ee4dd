import type { Finding, Severity } from '../doctor/finding.ts'
import type { StageSnapshot } from '../snapshot/snapshot-types.ts'
import { busyOf } from '../view/card.ts'
import { type Graph, type GraphNode, graphOf, hasEnded, nodeLabel } from '../view/graph.ts'
import { amount, duration, percent, rate } from '../view/numbers.ts'
import type { PageUpdate } from '../view/page-update.ts'
import type { Timeline } from '../view/timeline.ts'
import { printable } from './printable.ts'

/** The size of the output, and whether it has colours. */
interface Screen {
  readonly columns: number
  /** If not all stages fit, alike ones are folded, then units are closed; `undefined` if there is no limit. */
  readonly rows: number | undefined
  readonly isColoured: boolean
}

/** A column after the first one, which takes the remaining room. */
interface Column {
  readonly heading: string
  readonly width: number
}

const columns: readonly Column[] = [
  { heading: 'STATE', width: 9 },
  { heading: 'IN/S', width: 8 },
  { heading: 'OUT/S', width: 8 },
  { heading: 'BUSY', width: 6 },
  { heading: 'MAILBOX', width: 9 },
  { heading: 'IN FLIGHT', width: 10 },
  { heading: 'BUFFER', width: 8 },
  { heading: 'ASKED', width: 8 },
]
/** The columns that a narrow terminal leaves out, in this order. */
const dispensable: readonly string[] = ['IN FLIGHT', 'BUFFER', 'MAILBOX', 'STATE', 'ASKED']
/** The preferred width of labels. */
const LABEL = 30
const NARROWEST_LABEL = 10

/** Formats the findings and the table of stages as lines that fit. */
export function linesOf(update: PageUpdate, timeline: Timeline, title: string, screen: Screen): string[] {
  const { snapshot, findings } = update
  const paint = painter(screen.isColoured)
  const findingLines =
    findings.length === 0 ? ['no problems found'] : findings.flatMap((each) => linesOfFinding(each, screen, paint))
  const head = `${title} · up ${duration(snapshot.time)}`
  const above = [paint('bold', fitted(head, screen.columns)), '', ...findingLines, '']
  const room = screen.rows === undefined ? Number.POSITIVE_INFINITY : Math.max(3, screen.rows - above.length - 1)
  const rows = rowsOf(update, timeline, room)
  const shown = rows.length > room ? rows.slice(0, room - 1) : rows
  const fitting = columnsWithin(screen.columns)
  const line = (label: string, cells: Readonly<Record<string, string>>): string =>
    fitted(aligned(label, cells, fitting, screen.columns), screen.columns)
  const asked = askedOf(update)
  const table = shown.map(({ depth, node, owner }) => {
    const label =
      '  '.repeat(Math.min(depth, MOST_INDENTED)) + printable(node === undefined ? owner.label : labelOf(node))
    const text = line(label, node === undefined ? { STATE: owner.state } : cellsOf(node, asked, timeline))
    const severity = findings.find(
      ({ stage }) => stage === owner?.id || node?.stages.some(({ id }) => id === stage) === true,
    )?.severity
    if (node !== undefined && hasEnded(node)) return paint('dim', text)
    return severity === undefined ? text : paint(severity, text)
  })
  const more = rows.length - shown.length + (snapshot.omitted?.stages ?? 0)
  const below = more === 0 ? [] : [paint('dim', `and ${amount(more)} more`)]
  return [
    ...above,
    paint('dim', line('STAGE', Object.fromEntries(columns.map(({ heading }) => [heading, heading])))),
    ...table,
    ...below,
  ]
}

/** The deepest indentation of units. */
const MOST_INDENTED = 6

/** A row of the table: a node, or a unit whose parts are in the rows below. */
type Row = { readonly depth: number } & (
  | { readonly node: GraphNode; readonly owner: StageSnapshot | undefined }
  | { readonly node?: undefined; readonly owner: StageSnapshot }
)

/** The rows of stages in their units. If they do not fit, alike stages are folded, then units are closed from the inside. */
function rowsOf({ snapshot }: PageUpdate, timeline: Timeline, room: number): readonly Row[] {
  const parts = { ...snapshot, ended: timeline.ended }
  const unfolded = new Set<string>()
  const unfoldedGraph = graphOf(parts, { isOn: false, unfolded })
  let rows = orderedRows(unfoldedGraph)
  if (rows.length <= room) return rows
  const depths = new Map<string, number>()
  for (const { key, group } of unfoldedGraph.groups) depths.set(key, (depths.get(group ?? '') ?? -1) + 1)
  for (let depth = Math.max(-1, ...depths.values()) + 1; depth >= 0; depth--) {
    const isOpen = ({ owner, isStage }: { owner: StageSnapshot; isStage: boolean }): boolean =>
      !isStage && (depths.get(owner.id) ?? depth) < depth
    rows = orderedRows(graphOf(parts, { isOn: true, unfolded, isOpen }))
    if (rows.length <= room) break
  }
  return rows
}

/** All rows, with those of a unit below it, in the order of their starts. */
function orderedRows({ nodes, groups }: Graph): readonly Row[] {
  const depths = new Map<string, number>()
  for (const { key, group } of groups) depths.set(key, (depths.get(group ?? '') ?? -1) + 1)
  const inside = new Map<string, { readonly place: number; readonly rows: readonly Row[] }[]>()
  const put = (group: string | undefined, place: number, rows: readonly Row[]): void => {
    const list = inside.get(group ?? '')
    if (list === undefined) inside.set(group ?? '', [{ place, rows }])
    else list.push({ place, rows })
  }
  const inOrder = (group: string): { readonly place: number; readonly rows: readonly Row[] }[] =>
    (inside.get(group) ?? []).sort((one, other) => one.place - other.place)
  for (const [place, node] of nodes.entries()) {
    // The owner of a unit that is a stage itself is in the row of the unit.
    if (depths.has(node.key)) continue
    put(node.group, place, [{ depth: (depths.get(node.group ?? '') ?? -1) + 1, node, owner: node.unit }])
  }
  const own = new Map(nodes.map((node) => [node.key, node]))
  for (const { key, group, owner } of groups.toReversed()) {
    const parts = inOrder(key)
    const depth = depths.get(key) ?? 0
    const node = own.get(key)
    const row = node === undefined ? { depth, owner } : { depth, node, owner }
    put(group, parts[0]?.place ?? 0, [row, ...parts.flatMap(({ rows }) => rows)])
  }
  return inOrder('').flatMap(({ rows }) => rows)
}

function labelOf(node: GraphNode): string {
  const running = node.stages.length - node.ended.size
  if (node.isFold) return `${nodeLabel(node)} × ${node.count === node.stages.length ? running : node.count}`
  if (node.unit === undefined) return nodeLabel(node)
  const parts = node.stages.filter(({ id }) => id !== node.unit?.id).length
  return `${nodeLabel(node)} (${parts})`
}

/** The open demand of each producer, by its id. */
function askedOf({ snapshot }: PageUpdate): ReadonlyMap<string, number> {
  const asked = new Map<string, number>()
  for (const { producer, pending } of snapshot.subscriptions) asked.set(producer, (asked.get(producer) ?? 0) + pending)
  return asked
}

/** The cells of a node, by the headings of their columns. */
function cellsOf(node: GraphNode, asked: ReadonlyMap<string, number>, timeline: Timeline): Record<string, string> {
  const running = node.stages.filter(({ id }) => !node.ended.has(id))
  const rates = running.map(({ id }) => timeline.ratesOf(id))
  const states = new Set(running.map(({ state }) => state))
  const state = hasEnded(node) ? 'ended' : states.size === 1 ? [...states].join('') : 'various'
  const busy = busyOf(node, timeline)
  const isProducing = running.some(({ producing }) => producing !== undefined)
  return {
    STATE: state,
    'IN/S': orBlank(sum(rates.map((each) => each.handled)), rate),
    'OUT/S': orBlank(sum(rates.map((each) => each.emitted)), rate),
    BUSY: orBlank(busy, percent),
    MAILBOX: orBlank(sum(running.map(({ consuming, mailbox }) => consuming?.mailbox ?? mailbox)), amount),
    'IN FLIGHT': orBlank(
      sum(running.map(({ consuming }) => consuming && consuming.handling + consuming.inbound)),
      amount,
    ),
    BUFFER: orBlank(sum(running.map(({ producing }) => producing?.buffer.events)), amount),
    ASKED: isProducing ? amount(sum(running.map(({ id }) => asked.get(id))) ?? 0) : '',
  }
}

function orBlank(value: number | null, write: (value: number) => string): string {
  return value === null ? '' : write(value)
}

function sum(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined)
  return known.length === 0 ? null : known.reduce((all, each) => all + each, 0)
}

/** The columns that leave enough room for labels. */
function columnsWithin(width: number): readonly Column[] {
  let kept = columns
  for (const heading of dispensable) {
    if (width - widthOf(kept) >= LABEL) break
    kept = kept.filter((column) => column.heading !== heading)
  }
  return kept
}

function widthOf(some: readonly Column[]): number {
  return some.reduce((all, { width }) => all + width, 0)
}

/** A row with words aligned to the left and numbers to the right. */
function aligned(
  label: string,
  cells: Readonly<Record<string, string>>,
  fitting: readonly Column[],
  width: number,
): string {
  const room = Math.max(NARROWEST_LABEL, width - widthOf(fitting))
  const others = fitting.map(({ heading, width: own }) => {
    const cell = cells[heading] ?? ''
    return heading === 'STATE' ? cell.padEnd(own) : cell.padStart(own)
  })
  return [fitted(label, room - 1).padEnd(room), ...others].join('').trimEnd()
}

function linesOfFinding({ severity, text }: Finding, { columns }: Screen, paint: Paint): string[] {
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

function fitted(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

type Paint = (style: Severity | 'bold' | 'dim', text: string) => string

const styles = { problem: 31, warning: 33, note: 36, bold: 1, dim: 2 } as const

function painter(isColoured: boolean): Paint {
  return (style, text) => (isColoured ? `\x1b[${styles[style]}m${text}\x1b[0m` : text)
}
