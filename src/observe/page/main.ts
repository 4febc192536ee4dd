import type { Snapshot, StageSnapshot } from '../snapshot/snapshot-types.ts'
import { branchesOf } from '../view/branches.ts'
import { type Graph, graphOf, MANY_STAGES } from '../view/graph.ts'
import type { Spot } from '../view/layout/drawing.ts'
import type { Direction } from '../view/neighbour.ts'
import type { Hello, PageUpdate } from '../view/page-update.ts'
import { TIMELINE, Timeline } from '../view/timeline.ts'
import { connect } from './connection.ts'
import { DetailsView, type Opened } from './details-view.ts'
import { byId, setAttributes, setText } from './dom.ts'
import { FindingsView } from './findings-view.ts'
import { gestures } from './graph/gestures.ts'
import { GraphView } from './graph/graph-view.ts'
import { keys } from './keys.ts'
import { OpenUnits } from './open-units.ts'
import { keepable, rememberAcrossReloads } from './reload.ts'
import { hasEvents, TotalsView } from './totals-view.ts'
import { TreeView } from './tree-view.ts'

/** How long the page shows that the program was started again, in milliseconds. */
const RESTART_SHOWN = 20_000
/** The factor by which a key or a button zooms, and how far an arrow moves, in pixels. */
const ZOOM = 1.25
const PAN = 90
/** Narrower windows show the supervision tree only after its button is pressed. */
const NARROW = '(max-width: 900px)'

const timeline = new Timeline()
const unfolded = new Set<string>()
/** Whether the user has switched folding on or off; undefined before that: the number of stages decides. */
let isFolding: boolean | undefined
let hello: Hello | undefined
let latest: PageUpdate | undefined
let graph: Graph = { nodes: [], groups: [], edges: [], nodeOf: new Map() }
const openUnits = new OpenUnits()
let restartedAt = Number.NEGATIVE_INFINITY
/** The id of the stage whose details are open, or the key of a fold. */
let opened: string | undefined
/** Whether the user has shown or hidden the supervision tree; undefined before that: the width of the window decides. */
let isTreeShown: boolean | undefined

const element = (id: string): HTMLElement => byId(id, HTMLElement)
const graphBox = element('graph')
const foldButton = element('fold')
const treeButton = element('show-tree')
const graphView = new GraphView(
  {
    area: graphBox,
    canvas: byId('overview', HTMLCanvasElement),
    edges: byId('edges', SVGSVGElement),
    groups: element('groups'),
    nodes: element('nodes'),
    tooltip: element('tooltip'),
  },
  {
    open,
    unfold,
    fold: toggleUnit,
    moved: ({ scale }) => setText(element('scale'), `${Math.max(1, Math.round(scale * 100))}%`),
  },
)
const findingsView = new FindingsView(
  { box: element('doctor'), parent: element('findings'), count: element('doctor-count') },
  find,
)
const treeView = new TreeView(element('tree'), find)
const detailsView = new DetailsView(element('details'), { open: find, close, toggleFold, toggleUnit })
const totalsView = new TotalsView(element('totals'))

/** The snapshots of the last minute, for the page after a reload. */
let snapshots: readonly Snapshot[] = []
const memory = rememberAcrossReloads(() => ({
  hello,
  isFolding,
  opened,
  camera: graphView.camera.chosen,
  unfolded: [...unfolded],
  units: openUnits.choices,
  isTreeShown,
  snapshots,
}))

connect({
  hello(next) {
    if (hello !== undefined && hello.server !== next.server) restart()
    const remembered = memory.take(next.server)
    if (hello === undefined && remembered !== undefined) {
      isFolding = remembered.isFolding
      opened = remembered.opened
      isTreeShown = remembered.isTreeShown
      for (const [unit, isOpen] of remembered.units) openUnits.set(unit, isOpen)
      if (remembered.camera !== undefined) graphView.camera.restore(remembered.camera)
      for (const key of remembered.unfolded) unfolded.add(key)
      for (const snapshot of remembered.snapshots) timeline.add(snapshot)
      snapshots = remembered.snapshots
    }
    hello = next
    document.title = `${next.program} · genstage`
    setText(element('program'), next.program)
  },
  update(update) {
    if (timeline.add(update.snapshot)) restart(update.snapshot)
    const recent = [...snapshots, update.snapshot].filter(({ time }) => update.snapshot.time - time <= TIMELINE)
    snapshots = keepable(recent)
    latest = update
    draw()
  },
  lost() {
    connection('lost', hello === undefined ? 'cannot be reached, trying again' : 'ended or not reachable, trying again')
    document.body.dataset.connection = 'lost'
  },
})

/** Forgets everything: the program was started again. */
function restart(first?: Snapshot): void {
  restartedAt = performance.now()
  timeline.clear()
  if (first !== undefined) timeline.add(first)
  findingsView.clear()
  snapshots = []
  opened = undefined
  openUnits.clear()
  graphView.camera.chosen = undefined
}

function draw(): void {
  if (latest === undefined) return
  const { snapshot, findings } = latest
  const { stages, subscriptions } = snapshot
  delete document.body.dataset.connection
  const isNew = performance.now() - restartedAt < RESTART_SHOWN
  connection('live', isNew ? 'live, the program was started again' : 'live')
  const isOn = isFolding ?? stages.filter(hasEvents).length >= MANY_STAGES
  setAttributes(foldButton, { 'aria-pressed': String(isOn) })
  graph = graphOf(
    { stages, subscriptions, ended: timeline.ended },
    { isOn, unfolded, isOpen: (unit, all) => openUnits.isOpen(unit, all) },
  )
  showSide(branchesOf(snapshot))
  graphView.show({ graph, timeline, findings, subscriptions, opened: openedNode()?.key ?? opened })
  const empty = element('empty')
  empty.hidden = graph.nodes.length > 0
  setText(empty, 'No stage runs at the moment.')
  findingsView.show(findings)
  detailsView.show(openedNow(), { snapshot, timeline, findings })
  totalsView.show(snapshot, timeline)
}

/** Shows the supervision tree and the details next to the graph, if there are any. */
function showSide(branches: ReturnType<typeof branchesOf>): void {
  const hasTree = branches.length > 0
  const isShown = hasTree && (isTreeShown ?? !matchMedia(NARROW).matches)
  treeButton.hidden = !hasTree
  setAttributes(treeButton, { 'aria-pressed': String(isShown) })
  element('supervision').hidden = !isShown
  element('side').hidden = !isShown && openedNow() === undefined
  if (isShown) treeView.show(branches)
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
  const stage = running ?? ended
  const node = openedNode()
  if (stage === undefined && node === undefined) return undefined
  return { stage, isEnded: running === undefined, node, unit: unitAround(stage, node) }
}

/** The unit that a stage owns, or else the one that it belongs to. */
function unitAround(stage: StageSnapshot | undefined, node: Graph['nodes'][number] | undefined): Opened['unit'] {
  if (node?.unit !== undefined) return { owner: node.unit, isOpen: false }
  const group = graph.groups.find(({ key }) => key === stage?.id) ?? graph.groups.find(({ key }) => key === node?.group)
  return group && { owner: group.owner, isOpen: true }
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

/** Opens the details of a stage and shows its node. */
function find(stage: string): void {
  open(stage)
  graphView.focus(openedNode()?.key ?? stage)
}

function close(): void {
  const key = openedNode()?.key ?? opened
  opened = undefined
  draw()
  if (key !== undefined) graphView.focus(key)
}

function toggleFold(foldKey: string): void {
  if (!unfolded.delete(foldKey)) unfolded.add(foldKey)
  isFolding = true
  const first = graph.nodes.find((node) => node.foldKey === foldKey)?.stages[0]?.id
  opened = undefined
  draw()
  const key = first === undefined ? undefined : graph.nodeOf.get(first)
  if (key !== undefined) graphView.focus(key)
}

/** Opens or closes a unit, and moves the focus to its box or group. */
function toggleUnit(owner: string): void {
  openUnits.set(owner, !graph.groups.some(({ key }) => key === owner))
  draw()
  graphView.focus(owner)
}

/** Opens a node that represents several stages. */
function unfold(key: string): void {
  const node = graph.nodes.find((each) => each.key === key)
  if (node?.unit !== undefined) toggleUnit(node.unit.id)
  else if (node?.isFold === true && node.foldKey !== undefined) toggleFold(node.foldKey)
}

/** Opens the node that has the focus; if it is a stage, closes the unit around it or folds it with alike stages. */
function toggle(): void {
  const { focused } = graphView
  const node = graph.nodes.find(({ key }) => key === focused)
  const group = graph.groups.find(({ key }) => key === focused)
  if (node?.unit !== undefined || node?.isFold === true) unfold(node.key)
  else if (node?.group !== undefined) toggleUnit(node.group)
  else if (node?.foldKey !== undefined) toggleFold(node.foldKey)
  else if (node === undefined && group !== undefined) toggleUnit(group.key)
}

function toggleFolding(): void {
  isFolding = foldButton.getAttribute('aria-pressed') !== 'true'
  unfolded.clear()
  draw()
}

function toggleTree(): void {
  isTreeShown = treeButton.getAttribute('aria-pressed') !== 'true'
  draw()
}

const steps: Readonly<Record<Direction, Spot>> = {
  left: { x: PAN, y: 0 },
  right: { x: -PAN, y: 0 },
  up: { x: 0, y: PAN },
  down: { x: 0, y: -PAN },
}
const { camera } = graphView
const larger = (): void => camera.zoom(ZOOM, undefined)
const smaller = (): void => camera.zoom(1 / ZOOM, undefined)
const fit = (): void => camera.look(undefined, false)

foldButton.addEventListener('click', toggleFolding)
treeButton.addEventListener('click', toggleTree)
element('zoom-in').addEventListener('click', larger)
element('zoom-out').addEventListener('click', smaller)
element('zoom-fit').addEventListener('click', fit)
gestures(graphBox, { move: (by) => camera.pan(by, true), zoom: (factor, at) => camera.zoom(factor, at) })
keys(graphBox, {
  move: (direction) => graphView.move(direction),
  pan: (direction) => camera.pan(steps[direction], false),
  close: () => opened !== undefined && close(),
  fold: toggleFolding,
  toggle,
  larger,
  smaller,
  fit,
})
