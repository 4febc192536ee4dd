import type { Finding } from '../../doctor/finding.ts'
import type { SubscriptionSnapshot } from '../../snapshot/snapshot-types.ts'
import { areTouching, type Camera, centred, type Detail, detailAt, visible } from '../../view/camera.ts'
import { busyOf, cardOf, severityOf } from '../../view/card.ts'
import { type Graph, type GraphEdge, type GraphNode, hasEnded } from '../../view/graph.ts'
import type { Spot } from '../../view/layout/drawing.ts'
import type { Size } from '../../view/layout/wrap.ts'
import { type Direction, neighbourOf } from '../../view/neighbour.ts'
import { Timeline } from '../../view/timeline.ts'
import { ListView, setAttributes } from '../dom.ts'
import { CameraControl } from './camera-control.ts'
import { EdgeLayer } from './edge-layer.ts'
import { GraphLayout } from './graph-layout.ts'
import { type GroupHead, groupHeadView } from './group-head.ts'
import { groupHeads } from './group-heads.ts'
import { CARD_WIDTH, cardView, type ShownCard } from './node-card.ts'
import { NodePointer } from './node-pointer.ts'
import { Overview, type Scene } from './overview.ts'
import { cardText, isSmall, isTall } from './text-room.ts'

/** The scale of a node that is double-clicked. */
const NEAR = 1

/** The elements that the graph is drawn in. */
interface GraphElements {
  /** The window of the graph. */
  readonly area: HTMLElement
  readonly canvas: HTMLCanvasElement
  readonly edges: SVGSVGElement
  readonly groups: HTMLElement
  readonly nodes: HTMLElement
  readonly tooltip: HTMLElement
}

/** The actions of the graph. */
interface GraphActions {
  /** Opens the details of a node or of a unit. */
  readonly open: (key: string) => void
  /** Opens a node into its parts. */
  readonly unfold: (key: string) => void
  /** Closes a unit into one box. */
  readonly fold: (unit: string) => void
  /** The camera has moved. */
  readonly moved: (camera: Camera) => void
}

/** The data that the graph is drawn from. */
interface Shown {
  readonly graph: Graph
  readonly timeline: Timeline
  readonly findings: readonly Finding[]
  readonly subscriptions: readonly SubscriptionSnapshot[]
  /** The key of the node or group whose details are open. */
  readonly opened: string | undefined
}

/** Draws the graph as a camera shows it, and moves the focus in it. */
export class GraphView {
  readonly camera = new CameraControl(() => this.render())
  private readonly parts: GraphElements
  private readonly actions: GraphActions
  private readonly cards: ListView<ShownCard>
  private readonly heads: ListView<GroupHead>
  private readonly edges: EdgeLayer
  private readonly overview: Overview
  private shown: Shown = {
    graph: { nodes: [], groups: [], edges: [], nodeOf: new Map() },
    timeline: new Timeline(),
    findings: [],
    subscriptions: [],
    opened: undefined,
  }
  private nodes: ReadonlyMap<string, GraphNode> = new Map()
  readonly layout = new GraphLayout()
  /** What the canvas shows; undefined after each change, until it is drawn. */
  private scene: Scene | undefined
  /** The cards of the newest update. */
  private readonly known = new Map<string, ShownCard>()
  /** The node that the tab key reaches. */
  private current: string | undefined

  constructor(parts: GraphElements, actions: GraphActions) {
    this.parts = parts
    this.actions = actions
    this.cards = new ListView(parts.nodes, () => this.card())
    this.heads = new ListView(parts.groups, () => groupHeadView(actions))
    this.edges = new EdgeLayer(parts.edges)
    this.overview = new Overview(parts.canvas)
    new ResizeObserver(() => this.resize()).observe(parts.area)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.camera.schedule())
    new NodePointer(parts, this, {
      click: (key) => {
        this.current = key
        actions.open(key)
      },
      clickTwice: (key) => this.clickTwice(key),
      cardOf: (key) => this.shownCard(key, 'mark'),
    })
  }

  /** Shows a graph. */
  show(shown: Shown): void {
    this.shown = shown
    const { graph, timeline } = shown
    this.nodes = new Map(graph.nodes.map((node) => [node.key, node]))
    this.known.clear()
    this.scene = undefined
    this.edges.take(graph.edges, timeline)
    this.layout.take(graph)
    this.layOut()
    if (this.current === undefined || !this.nodes.has(this.current))
      this.current = [...this.layout.drawing.boxes.keys()][0]
    this.render()
  }

  /** Moves the focus to a node or to the head of a group, and shows it. */
  focus(key: string): void {
    const place = this.layout.drawing.boxes.get(key)
    const group = this.layout.drawing.groups.get(key)
    if (place !== undefined) this.current = key
    // Only the head of a group is shown for certain.
    const aim = place ?? (group && { ...group, height: Math.min(group.height, 200), width: Math.min(group.width, 400) })
    if (aim === undefined) return
    this.camera.reveal(aim)
    this.render()
    const element = place === undefined ? this.heads.views.get(key)?.element : this.cards.views.get(key)?.element
    const target = place === undefined ? element?.querySelector('.name') : element
    if (target instanceof HTMLElement) target.focus({ preventScroll: true })
    this.mark()
  }

  /** Moves the focus from the node that has it to its neighbour. */
  move(direction: Direction): void {
    if (this.current === undefined) return
    const next = neighbourOf(this.current, direction, this.layout.drawing.boxes, this.shown.graph.edges)
    if (next !== undefined) this.focus(next)
  }

  /** The key of the node or the group that has the focus. */
  get focused(): string | undefined {
    return document.activeElement?.closest('[data-key]')?.getAttribute('data-key') ?? undefined
  }

  private layOut(): void {
    if (!this.layout.fit(this.camera.window)) return
    this.overview.clear()
    this.camera.measure(this.layout.drawing, this.camera.window)
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.parts.area
    if (width === 0 || height === 0) return
    this.camera.measure(this.layout.drawing, { width, height })
    if (this.nodes.size > 0) this.layOut()
    this.scene = undefined
    this.camera.schedule()
  }

  /** Draws what the camera shows. */
  private render(): void {
    const { nodes, groups, edges, area } = this.parts
    const { x, y, scale } = this.camera.now
    const { width, height } = this.camera.window
    const detail = detailAt(scale)
    setAttributes(area, { 'data-detail': detail, 'data-small': isSmall(CARD_WIDTH * scale) ? '' : undefined })
    for (const part of [nodes, groups]) {
      part.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
      part.style.setProperty('--px', String(1 / scale))
    }
    setAttributes(edges, { width, height, viewBox: `${-x / scale} ${-y / scale} ${width / scale} ${height / scale}` })
    const seen = visible(this.camera.now, this.camera.window)
    const isSeen = (key: string): boolean => {
      const place = this.layout.drawing.boxes.get(key)
      return place !== undefined && areTouching(place, seen)
    }
    const isShown = (key: string): boolean => key === this.current || (detail !== 'mark' && isSeen(key))
    this.cards.show(
      [...this.layout.drawing.boxes.keys()].filter(isShown).flatMap((key) => this.shownCard(key, detail) ?? []),
      ({ key }) => key,
    )
    const { graph, opened } = this.shown
    this.heads.show(groupHeads(graph.groups, this.layout, scale, seen, opened), ({ group }) => group.key)
    const drawn = this.edges.show(this.layout.drawing, detail === 'card' ? isSeen : () => false, this.isNear())
    this.scene ??= this.newScene()
    const scene = { ...this.scene, isElsewhere: (key: string) => drawn.has(key) }
    this.overview.draw(scene, this.camera.now, this.camera.window, detail)
    this.place()
    this.actions.moved(this.camera.target)
  }

  private newScene(): Scene {
    const { graph, timeline, findings, opened } = this.shown
    const marks = graph.nodes.map((node) => ({
      key: node.key,
      busy: busyOf(node, timeline),
      isEnded: hasEnded(node),
      severity: severityOf(node, findings),
    }))
    return {
      drawing: this.layout.drawing,
      opened,
      isElsewhere: () => false,
      marks,
      strokes: this.edges.strokes(this.isNear()),
    }
  }

  private isNear(): (edge: GraphEdge) => boolean {
    const { opened } = this.shown
    const { focused } = this
    return ({ from, to }) => [from, to].some((key) => key === opened || key === focused)
  }

  private shownCard(key: string, detail: Detail): ShownCard | undefined {
    const node = this.nodes.get(key)
    const place = this.layout.drawing.boxes.get(key)
    if (node === undefined || place === undefined) return undefined
    const { scale } = this.camera.now
    const title = this.layout.titles.nodes.get(key) ?? ''
    const seen = { width: place.width * scale, height: place.height * scale }
    const hasContent = node.isFold || node.unit !== undefined
    const short = cardText(title, this.layout.differenceOf(title), detail, seen, hasContent)
    const before = this.known.get(key)
    const tall = isTall(seen)
    if (before?.short === short && before.detail === detail && before.isTall === tall) return before
    const { timeline, findings, subscriptions } = this.shown
    const card = before ?? cardOf(node, title, timeline, findings, subscriptions)
    const shown = { ...card, short, detail, isTall: tall }
    this.known.set(key, shown)
    return shown
  }

  private card(): ReturnType<typeof cardView> {
    const view = cardView()
    const keyOf = (): string => view.element.getAttribute('data-key') ?? ''
    view.element.addEventListener('click', (event) => {
      const isContent = event.target instanceof Element && event.target.closest('.content') !== null
      if (isContent) this.actions.unfold(keyOf())
      else this.actions.open(keyOf())
    })
    view.element.addEventListener('focus', () => {
      this.current = keyOf()
      this.scene = undefined
      const place = this.layout.drawing.boxes.get(this.current)
      if (place !== undefined && view.element.matches(':focus-visible')) this.camera.reveal(place)
      this.camera.schedule()
    })
    view.element.addEventListener('blur', () => {
      this.scene = undefined
      this.camera.schedule()
    })
    return view
  }

  private clickTwice(key: string): void {
    const place = this.layout.drawing.boxes.get(key)
    const node = this.nodes.get(key)
    if (place === undefined || node === undefined) return
    if (node.isFold || node.unit !== undefined) this.actions.unfold(key)
    else if (detailAt(this.camera.now.scale) !== 'card') {
      this.camera.look(centred(place, this.camera.window, NEAR), false)
    }
  }

  /** Makes one node reachable by the tab key. The others are reached by arrows. */
  private mark(): void {
    for (const [key, { element }] of this.cards.views)
      setAttributes(element, { tabindex: key === this.current ? 0 : -1 })
  }

  private place(): void {
    const { opened } = this.shown
    for (const [key, { element }] of this.cards.views) {
      const place = this.layout.drawing.boxes.get(key)
      if (place === undefined || !(element instanceof HTMLElement)) continue
      put(element, place)
      setAttributes(element, { 'aria-expanded': key === opened ? 'true' : 'false' })
    }
    for (const [key, { element }] of this.heads.views) {
      const place = this.layout.drawing.groups.get(key)
      if (place !== undefined && element instanceof HTMLElement) put(element, place)
    }
    this.mark()
  }
}

function put(element: HTMLElement, { x, y, width, height }: Spot & Size): void {
  const { style } = element
  style.setProperty('--at', `translate(${x}px, ${y}px)`)
  style.width = `${width}px`
  style.height = `${height}px`
}
