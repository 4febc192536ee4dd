import type { Flow } from '../../view/flow.ts'
import type { GraphEdge } from '../../view/graph.ts'
import type { Spot } from '../../view/layout/drawing.ts'
import { type DomView, setAttributes, setText, svg } from '../dom.ts'
import { pathThrough } from './edge-path.ts'

/** The width of the demand gauge. */
const GAUGE = 22

/** An edge as it is drawn. */
export interface DrawnEdge {
  readonly edge: GraphEdge
  readonly flow: Flow
  readonly line: readonly Spot[]
  /** The place of its texts; `undefined` if there is no room. */
  readonly label: Spot | undefined
  /** Whether it belongs to the opened or focused node. */
  readonly isNear: boolean
}

/** Creates a line with the flow of events to the right and the open demand to the left. */
export function edgeView(): DomView<DrawnEdge> {
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
    update({ edge, flow, line: spots, label: spot, isNear }) {
      const path = pathThrough(spots)
      setAttributes(line, { d: path, 'stroke-width': flow.width.toFixed(2) })
      setAttributes(drops, { d: path })
      setAttributes(element, {
        'data-edge': edge.key,
        'data-flowing': (flow.perSecond ?? 0) > 0 ? '' : undefined,
        'data-ended': flow.isEnded ? '' : undefined,
        'data-near': isNear ? '' : undefined,
        'data-quiet': spot === undefined ? '' : undefined,
      })
      const { x, y } = spot ?? { x: 0, y: 0 }
      setAttributes(label, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` })
      setText(flowText, flow.isEnded ? '' : flow.texts[0])
      setText(demandText, flow.isEnded ? 'ended' : flow.texts[1])
      const share = flow.asked ?? (flow.pending > 0 ? 1 : 0)
      // Demand arrives from the right.
      setAttributes(fill, { x: (GAUGE / 2 - GAUGE * share).toFixed(1), width: (GAUGE * share).toFixed(1) })
    },
  }
}
