import type { Finding } from '../snapshot/finding.ts'
import { barCount, type Card, cardOf } from '../view/card.ts'
import { flowOf } from '../view/flow.ts'
import type { Graph, GraphEdge } from '../view/graph.ts'
import { type Drawing, layoutGraph, type Placed, type Spacing } from '../view/layout.ts'
import { type Direction, neighbourOf } from '../view/neighbour.ts'
import type { Timeline } from '../view/timeline.ts'
import { ListView, setAttributes } from './dom.ts'
import { type DrawnEdge, edgeView } from './edge-view.ts'
import { CARD_WIDTH, cardHeight, cardView } from './node-card.ts'

const spacing: Spacing = { width: CARD_WIDTH, layerGap: 124, rowGap: 18, looseInRow: 4 }
/** Around the drawing, in CSS pixels. */
const MARGIN = 24
/** More lines than these do not move: that is much to draw. */
const MOST_MOVING = 80
/** More lines than these at both ends, and their texts would lie upon each other. */
const FEW_LINES = 1

/** Where the graph is drawn. */
export interface GraphParts {
  readonly canvas: HTMLElement
  readonly edges: SVGSVGElement
  readonly nodes: HTMLElement
}

/** Draws the graph, and moves the focus in it. */
export class GraphView {
  drawing: Drawing = { boxes: new Map(), lines: new Map(), width: 0, height: 0 }
  private readonly parts: GraphParts
  private readonly open: (key: string) => void
  private readonly cards: ListView<Card>
  private readonly edges: ListView<DrawnEdge>
  private graph: Graph = { nodes: [], edges: [], nodeOf: new Map() }
  /** What the drawing was made of: it is made anew only where that has changed. */
  private shape = ''
  /** The node that the tab key comes to. */
  private current: string | undefined
  private scale = 1

  constructor(parts: GraphParts, open: (key: string) => void) {
    this.parts = parts
    this.open = open
    this.cards = new ListView(parts.nodes, () => this.card())
    this.edges = new ListView(parts.edges, edgeView)
  }

  /** Shows a graph; answers whether its shape is another one than before. */
  show(graph: Graph, timeline: Timeline, findings: readonly Finding[], opened: string | undefined): boolean {
    this.graph = graph
    const boxes = graph.nodes.map((node) => ({ key: node.key, height: cardHeight(barCount(node)) }))
    const shape = JSON.stringify([boxes, graph.edges.map(({ key }) => key)])
    const isNew = shape !== this.shape
    if (isNew) this.drawing = layoutGraph(boxes, graph.edges, spacing)
    this.shape = shape
    // In reading order, which is the order of the tab key and of screen readers.
    const { boxes: places } = this.drawing
    const nodes = [...graph.nodes].sort(({ key: one }, { key: other }) => inOrder(places.get(one), places.get(other)))
    if (this.current === undefined || !places.has(this.current)) this.current = nodes[0]?.key
    this.cards.show(
      nodes.map((node) => cardOf(node, timeline, findings)),
      ({ key }) => key,
    )
    const isNear = ({ from, to }: GraphEdge): boolean => [from, to].some((key) => key === opened || this.hasFocus(key))
    const labelAt = labelPlaces(graph.edges)
    // The ones that are near last, and so on top.
    const edges = [...graph.edges].sort((one, other) => Number(isNear(one)) - Number(isNear(other)))
    this.edges.show(
      edges.flatMap((edge) => {
        const line = this.drawing.lines.get(edge.key)
        const flow = flowOf(edge, timeline)
        return line === undefined ? [] : [{ edge, flow, line, labelAt: labelAt(edge), isNear: isNear(edge) }]
      }),
      ({ edge }) => edge.key,
    )
    setAttributes(this.parts.edges, { 'data-many': edges.length > MOST_MOVING ? '' : undefined })
    this.place(opened)
    return isNew
  }

  /** Draws it so many times as large. */
  zoom(scale: number): void {
    this.scale = scale
    const { canvas, edges, nodes } = this.parts
    const width = this.drawing.width + 2 * MARGIN
    const height = this.drawing.height + 2 * MARGIN
    setAttributes(edges, { width, height, viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}` })
    nodes.style.translate = `${MARGIN}px ${MARGIN}px`
    canvas.style.width = `${width * scale}px`
    canvas.style.height = `${height * scale}px`
    for (const part of [edges, nodes]) {
      part.style.scale = String(scale)
      part.style.transformOrigin = part === nodes ? `${-MARGIN}px ${-MARGIN}px` : '0 0'
    }
  }

  /** The scale by which all of it is seen, within what can still be read. */
  scaleToFit({ clientWidth, clientHeight }: Element): number {
    const { width, height } = this.drawing
    const wide = clientWidth / (width + 2 * MARGIN)
    const high = clientHeight / (height + 2 * MARGIN)
    // To scroll down is less of a burden than to read small print.
    return Math.max(0.5, Math.min(1, wide, Math.max(0.75, high)))
  }

  /** How large it is drawn: 1 is as it is meant. */
  get zoomed(): number {
    return this.scale
  }

  /** Moves the focus to a node, and it into sight. */
  focus(key: string): void {
    this.current = key
    const element = this.cards.views.get(key)?.element
    this.mark()
    if (!(element instanceof HTMLElement)) return
    element.focus({ preventScroll: true })
    element.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }

  /** Moves the focus from the node that has it to its neighbour. */
  move(direction: Direction): void {
    if (this.current === undefined) return
    const next = neighbourOf(this.current, direction, this.drawing.boxes, this.graph.edges)
    if (next !== undefined) this.focus(next)
  }

  private card(): ReturnType<typeof cardView> {
    const view = cardView()
    const keyOf = (): string => view.element.getAttribute('data-key') ?? ''
    view.element.addEventListener('click', () => this.open(keyOf()))
    view.element.addEventListener('focus', () => {
      this.current = keyOf()
      this.mark()
    })
    return view
  }

  private hasFocus(key: string): boolean {
    return this.cards.views.get(key)?.element === document.activeElement
  }

  /** Only one node is reached by the tab key; the others by arrows. */
  private mark(): void {
    for (const [key, { element }] of this.cards.views)
      setAttributes(element, { tabindex: key === this.current ? 0 : -1 })
  }

  private place(opened: string | undefined): void {
    for (const [key, { element }] of this.cards.views) {
      const place = this.drawing.boxes.get(key)
      if (place === undefined || !(element instanceof HTMLElement)) continue
      element.style.transform = `translate(${place.x}px, ${place.y}px)`
      element.style.height = `${place.height}px`
      setAttributes(element, { 'aria-expanded': key === opened ? 'true' : 'false' })
    }
    this.mark()
  }
}

function inOrder(one: Placed | undefined, other: Placed | undefined): number {
  if (one === undefined || other === undefined) return 0
  return one.layer - other.layer || one.y - other.y
}

/** Texts stand where lines are apart: at the consumers of one producer, at the producers of one consumer. */
function labelPlaces(edges: readonly GraphEdge[]): (edge: GraphEdge) => number | undefined {
  const outgoing = new Map<string, number>()
  const incoming = new Map<string, number>()
  for (const { from, to } of edges) {
    outgoing.set(from, (outgoing.get(from) ?? 0) + 1)
    incoming.set(to, (incoming.get(to) ?? 0) + 1)
  }
  return ({ from, to }) => {
    const isOneOut = (outgoing.get(from) ?? 0) <= FEW_LINES
    const isOneIn = (incoming.get(to) ?? 0) <= FEW_LINES
    if (isOneOut && isOneIn) return 0.5
    if (isOneIn) return 0.7
    return isOneOut ? 0.3 : undefined
  }
}
