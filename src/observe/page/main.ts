import type { Snapshot, StageSnapshot } from '../snapshot/snapshot-types.ts'
import { branchesOf } from '../view/branches.ts'
import type { Frame, Hello } from '../view/frame.ts'
import { type Graph, graphOf, MANY_STAGES } from '../view/graph.ts'
import { amount, rate } from '../view/numbers.ts'
import { TIMELINE, Timeline } from '../view/timeline.ts'
import { connect } from './connection.ts'
import { DetailsView, type Opened } from './details-view.ts'
import { byId, html, ListView, setAttributes, setText } from './dom.ts'
import { FindingsView } from './findings-view.ts'
import { GraphView } from './graph-view.ts'
import { keys } from './keyboard.ts'
import { rememberAcrossReloads } from './reload.ts'
import { TreeView } from './tree-view.ts'

/** How long it is said that the program was started again, in milliseconds. */
const RESTART_SHOWN = 20_000

const timeline = new Timeline()
const unfolded = new Set<string>()
/** What the user has said about folding; before, the number of stages decides. */
let isFolding: boolean | undefined
let hello: Hello | undefined
let latest: Frame | undefined
let graph: Graph = { nodes: [], edges: [], nodeOf: new Map() }
let restartedAt = Number.NEGATIVE_INFINITY
/** The id of the stage whose details are open, or the key of a fold. */
let opened: string | undefined
/** `undefined` fits it in. */
let scale: number | undefined

const element = (id: string): HTMLElement => byId(id, HTMLElement)
const graphBox = element('graph')
const foldButton = element('fold')
const parts = { canvas: element('canvas'), edges: byId('edges', SVGSVGElement), nodes: element('nodes') }
const graphView = new GraphView(parts, open)
const findingsView = new FindingsView(element('findings'), find)
const treeView = new TreeView(element('tree'), find)
const detailsView = new DetailsView(element('details'), { open: find, close, toggleGroup })
const totals = new ListView<readonly [string, string]>(element('totals'), () => {
  const name = html('dt')
  const value = html('dd')
  return {
    element: html('div', {}, name, value),
    update([nameText, valueText]) {
      setText(name, nameText)
      setText(value, valueText)
    },
  }
})

/** The snapshots of the last minute, for the page after a reload. */
let snapshots: readonly Snapshot[] = []
const memory = rememberAcrossReloads(() => ({ hello, isFolding, opened, scale, unfolded: [...unfolded], snapshots }))

connect({
  hello(next) {
    if (hello !== undefined && hello.server !== next.server) restart()
    const remembered = memory.take(next.server)
    if (hello === undefined && remembered !== undefined) {
      isFolding = remembered.isFolding
      opened = remembered.opened
      scale = remembered.scale
      for (const key of remembered.unfolded) unfolded.add(key)
      for (const snapshot of remembered.snapshots) timeline.add(snapshot)
      snapshots = remembered.snapshots
    }
    hello = next
    document.title = `${next.program} · genstage`
    setText(element('program'), next.program)
  },
  frame(frame) {
    if (timeline.add(frame.snapshot)) restart(frame.snapshot)
    snapshots = [...snapshots, frame.snapshot].filter(({ time }) => frame.snapshot.time - time <= TIMELINE)
    latest = frame
    draw()
  },
  lost() {
    connection('lost', hello === undefined ? 'cannot be reached, trying again' : 'ended or not reachable, trying again')
    document.body.dataset.connection = 'lost'
  },
})

/** The program was started again: nothing that was known holds. */
function restart(first?: Snapshot): void {
  restartedAt = performance.now()
  timeline.clear()
  if (first !== undefined) timeline.add(first)
  findingsView.clear()
  snapshots = []
  opened = undefined
}

function draw(): void {
  if (latest === undefined) return
  const { snapshot, findings } = latest
  const { stages, subscriptions } = snapshot
  delete document.body.dataset.connection
  const isNew = performance.now() - restartedAt < RESTART_SHOWN
  connection('live', isNew ? 'live, the program was started again' : 'live')
  const isOn = isFolding ?? stages.length >= MANY_STAGES
  setAttributes(foldButton, { 'aria-pressed': String(isOn) })
  graph = graphOf({ stages, subscriptions, ended: timeline.ended }, { isOn, unfolded })
  const node = openedNode()
  const isChanged = graphView.show(graph, timeline, findings, node?.key)
  if (isChanged) graphView.zoom(scale ?? graphView.scaleToFit(graphBox))
  const empty = element('empty')
  empty.hidden = graph.nodes.length > 0
  setText(empty, 'No stage runs at the moment.')
  findingsView.show(findings)
  treeView.show(branchesOf(snapshot))
  detailsView.show(openedNow(), { snapshot, timeline, findings })
  totals.show(totalsOf(snapshot), ([name]) => name)
}

function totalsOf({ stages, subscriptions }: Snapshot): (readonly [string, string])[] {
  // What is emitted by those that take nothing in, comes in from outside.
  const sources = stages.filter(({ consuming, producing }) => consuming === undefined && producing !== undefined)
  const perSecond = sources.flatMap(({ id }) => timeline.ratesOf(id).emitted ?? [])
  const incoming = perSecond.length === 0 ? null : perSecond.reduce((sum, each) => sum + each, 0)
  const running = graph.nodes.reduce((sum, node) => sum + node.stages.length - node.ended.size, 0)
  return [
    ['stages', amount(running)],
    ['subscriptions', amount(subscriptions.length)],
    ['events in', `${rate(incoming)}/s`],
  ]
}

function openedNode(): Graph['nodes'][number] | undefined {
  if (opened === undefined) return undefined
  const key = graph.nodeOf.get(opened) ?? opened
  return graph.nodes.find((node) => node.key === key)
}

function openedNow(): Opened | undefined {
  if (opened === undefined || latest === undefined) return undefined
  const running = latest.snapshot.stages.find(({ id }) => id === opened)
  const ended: StageSnapshot | undefined = timeline.ended.find(({ stage }) => stage.id === opened)?.stage
  return { stage: running ?? ended, isEnded: running === undefined, node: openedNode() }
}

function connection(state: 'live' | 'lost', text: string): void {
  const status = element('connection')
  setText(status, text)
  setAttributes(status, { 'data-state': state })
}

/** Opens the details of a node. */
function open(key: string): void {
  opened = key
  draw()
}

/** Opens the details of a stage, and brings its node into sight. */
function find(stage: string): void {
  open(stage)
  const node = openedNode()
  if (node !== undefined) graphView.focus(node.key)
}

function close(): void {
  const node = openedNode()
  opened = undefined
  draw()
  if (node !== undefined) graphView.focus(node.key)
}

function toggleGroup(group: string): void {
  if (!unfolded.delete(group)) unfolded.add(group)
  isFolding = true
  const first = graph.nodes.find((node) => node.group === group)?.stages[0]?.id
  opened = undefined
  draw()
  const key = first === undefined ? undefined : graph.nodeOf.get(first)
  if (key !== undefined) graphView.focus(key)
}

function toggleFolding(): void {
  isFolding = foldButton.getAttribute('aria-pressed') !== 'true'
  unfolded.clear()
  draw()
}

function zoom(next: number | undefined): void {
  scale = next === undefined ? undefined : Math.min(1.5, Math.max(0.3, next))
  graphView.zoom(scale ?? graphView.scaleToFit(graphBox))
}

foldButton.addEventListener('click', toggleFolding)
element('zoom-in').addEventListener('click', () => zoom(graphView.zoomed * 1.2))
element('zoom-out').addEventListener('click', () => zoom(graphView.zoomed / 1.2))
element('zoom-fit').addEventListener('click', () => zoom(undefined))
new ResizeObserver(() => {
  if (scale === undefined) graphView.zoom(graphView.scaleToFit(graphBox))
}).observe(graphBox)
keys(graphBox, {
  move: (direction) => graphView.move(direction),
  close: () => opened !== undefined && close(),
  fold: toggleFolding,
  larger: () => zoom(graphView.zoomed * 1.2),
  smaller: () => zoom(graphView.zoomed / 1.2),
  fit: () => zoom(undefined),
})
