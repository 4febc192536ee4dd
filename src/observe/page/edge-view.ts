import type { Flow } from '../view/flow.ts'
import type { GraphEdge } from '../view/graph.ts'
import type { Spot } from '../view/layout.ts'
import { setAttributes, setText, svg, type View } from './dom.ts'

/** How wide the gauge of demand is. */
const GAUGE = 22

/** An edge as it is drawn. */
export interface DrawnEdge {
  readonly edge: GraphEdge
  readonly flow: Flow
  readonly line: readonly Spot[]
  /** Where its texts stand, as a share of the last or first curve; `undefined` where there is no room for any. */
  readonly labelAt: number | undefined
  /** Whether it is of the node that is opened or has the focus. */
  readonly isNear: boolean
}

/** A line with what flows over it to the right, and the demand that has gone to the left. */
export function edgeView(): View<DrawnEdge> {
  const line = svg('path', { class: 'line' })
  const drops = svg('path', { class: 'drops' })
  const flowText = svg('text', { class: 'flow', 'text-anchor': 'middle', dy: -6 })
  const demandText = svg('text', { class: 'demand', 'text-anchor': 'middle', dy: 20 })
  const track = svg('rect', { class: 'track', x: -GAUGE / 2, y: 5, width: GAUGE, height: 3, rx: 1.5 })
  const fill = svg('rect', { class: 'fill', y: 5, height: 3, rx: 1.5 })
  const label = svg('g', { class: 'label' }, track, fill, flowText, demandText)
  const element = svg('g', { class: 'edge' }, line, drops, label)
  return {
    element,
    update({ edge, flow, line: spots, labelAt, isNear }) {
      const path = pathThrough(spots)
      setAttributes(line, { d: path, 'stroke-width': flow.width.toFixed(2) })
      setAttributes(drops, { d: path })
      setAttributes(element, {
        'data-edge': edge.key,
        'data-flowing': (flow.perSecond ?? 0) > 0 ? '' : undefined,
        'data-ended': flow.isEnded ? '' : undefined,
        'data-near': isNear ? '' : undefined,
        'data-quiet': labelAt === undefined && !isNear ? '' : undefined,
      })
      const { x, y } = spotOn(spots, labelAt ?? 0.5)
      setAttributes(label, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` })
      setText(flowText, flow.isEnded ? '' : flow.texts[0])
      setText(demandText, flow.isEnded ? 'ended' : flow.texts[1])
      const share = flow.asked ?? (flow.pending > 0 ? 1 : 0)
      // Demand comes from the right.
      setAttributes(fill, { x: (GAUGE / 2 - GAUGE * share).toFixed(1), width: (GAUGE * share).toFixed(1) })
    },
  }
}

/** A smooth line through all of its spots, level at each. */
function pathThrough(spots: readonly Spot[]): string {
  return spots
    .map(({ x, y }, index) => {
      const before = spots[index - 1]
      if (before === undefined) return `M${x} ${y}`
      const [one, other] = controls(before, { x, y })
      return `C${one} ${before.y} ${other} ${y} ${x} ${y}`
    })
    .join('')
}

/** How far the curve goes on level at both ends: also where it leads back. */
function controls(from: Spot, to: Spot): [number, number] {
  const reach = to.x >= from.x ? (to.x - from.x) / 2 : 80
  return [from.x + reach, to.x - reach]
}

/** A spot on the curve nearest to the end that it is asked for: before the middle on the first one, else on the last. */
function spotOn(spots: readonly Spot[], share: number): Spot {
  const from = share < 0.5 ? spots[0] : spots.at(-2)
  const to = share < 0.5 ? spots[1] : spots.at(-1)
  if (from === undefined || to === undefined) return { x: 0, y: 0 }
  const [one, other] = controls(from, to)
  const rest = 1 - share
  const bezier = (a: number, b: number, c: number, d: number): number =>
    rest ** 3 * a + 3 * rest ** 2 * share * b + 3 * rest * share ** 2 * c + share ** 3 * d
  return { x: bezier(from.x, one, other, to.x), y: bezier(from.y, from.y, to.y, to.y) }
}
