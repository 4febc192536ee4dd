import { areTouching, type Rectangle } from '../../view/camera.ts'
import { type Flow, flowOf } from '../../view/flow.ts'
import type { GraphEdge } from '../../view/graph.ts'
import type { Drawing } from '../../view/layout/drawing.ts'
import { Timeline } from '../../view/timeline.ts'
import { ListView, setAttributes } from '../dom.ts'
import { spotOn } from './edge-path.ts'
import { type DrawnEdge, edgeView } from './edge-view.ts'
import type { Stroke } from './overview.ts'

/** If there are more lines than this, they are not animated. */
const MOST_MOVING = 80
/** The most lines that are drawn with their figures. Others are plain lines. */
const MOST_EDGES = 150
/** If there are more lines than this at both ends, their texts would overlap. */
const FEW_LINES = 1
/** The size of the texts of a line. */
const TEXT = { width: 56, height: 34 }

/** The lines of a graph: with their figures if there is room, or else as strokes. */
export class EdgeLayer {
  private readonly element: SVGSVGElement
  private readonly list: ListView<DrawnEdge>
  private edges: readonly GraphEdge[] = []
  private timeline = new Timeline()
  private labelAt: (edge: GraphEdge) => number | undefined = () => undefined
  private readonly flows = new Map<string, Flow>()

  constructor(element: SVGSVGElement) {
    this.element = element
    this.list = new ListView(element, edgeView)
  }

  /** Sets the lines of the newest update. */
  take(edges: readonly GraphEdge[], timeline: Timeline): void {
    this.edges = edges
    this.timeline = timeline
    this.flows.clear()
    this.labelAt = labelPlaces(edges)
  }

  /**
   * Draws the lines with a visible end.
   *
   * @returns The keys of the lines that it has drawn.
   */
  show(
    { lines, boxes }: Drawing,
    isSeen: (node: string) => boolean,
    isNear: (edge: GraphEdge) => boolean,
  ): ReadonlySet<string> {
    const seen = this.edges.filter(({ from, to }) => isSeen(from) || isSeen(to))
    const candidates = seen.length <= MOST_EDGES ? seen : seen.filter(({ from, to }) => isSeen(from) && isSeen(to))
    // Lines of the opened or focused node are last, so that they are on top.
    const edges = candidates.slice(0, MOST_EDGES).sort((one, other) => Number(isNear(one)) - Number(isNear(other)))
    // Texts must not overlap cards or other texts.
    const taken: Rectangle[] = [...boxes].flatMap(([key, place]) => (isSeen(key) ? [place] : []))
    const drawn = edges.flatMap((edge): DrawnEdge[] => {
      const line = lines.get(edge.key)
      if (line === undefined) return []
      const share = this.labelAt(edge) ?? (isNear(edge) ? 0.5 : undefined)
      const spot = share === undefined ? undefined : spotOn(line, share)
      const text = spot && { x: spot.x - TEXT.width / 2, y: spot.y - TEXT.height / 2, ...TEXT }
      const isFree = text !== undefined && !taken.some((each) => areTouching(each, text))
      if (isFree) taken.push(text)
      return [{ edge, flow: this.flow(edge), line, label: isFree ? spot : undefined, isNear: isNear(edge) }]
    })
    this.list.show(drawn, ({ edge }) => edge.key)
    setAttributes(this.element, { 'data-many': edges.length > MOST_MOVING ? '' : undefined })
    return new Set(edges.map(({ key }) => key))
  }

  /** All lines as strokes; those of the opened or focused node last. */
  strokes(isNear: (edge: GraphEdge) => boolean): readonly Stroke[] {
    const strokes = this.edges.map((edge) => {
      const { perSecond, width } = this.flow(edge)
      const isFlowing = (perSecond ?? 0) > 0
      return { key: edge.key, width, isFlowing, isEnded: edge.isEnded, isNear: isNear(edge) }
    })
    return strokes.sort((one, other) => Number(one.isNear) - Number(other.isNear))
  }

  private flow(edge: GraphEdge): Flow {
    const known = this.flows.get(edge.key)
    if (known !== undefined) return known
    const flow = flowOf(edge, this.timeline)
    this.flows.set(edge.key, flow)
    return flow
  }
}

/** Places texts where lines are apart: at the consumers of one producer, at the producers of one consumer. */
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
