import { roomIn } from '../../view/camera.ts'
import { barCount } from '../../view/card.ts'
import type { Graph } from '../../view/graph.ts'
import type { Drawing, Spacing } from '../../view/layout/drawing.ts'
import { layoutGraph } from '../../view/layout/layout-graph.ts'
import { READABLE, type Size, scaleFor } from '../../view/layout/wrap.ts'
import { type Difference, differencesOf } from '../../view/short-names.ts'
import { titlesOf } from '../../view/titles-of.ts'
import { CARD_WIDTH, cardHeight } from './node-card.ts'

const spacing: Spacing = {
  width: CARD_WIDTH,
  layerGap: 124,
  rowGap: 18,
  looseInRow: 4,
  groupHead: 44,
  groupPad: 18,
}
/** If the whole graph cannot be read at once, no room for texts is needed between its nodes. */
const closer: Spacing = { ...spacing, layerGap: 72, rowGap: 16, groupHead: 42, groupPad: 14 }
/** How high the head of a group is on the screen, in CSS pixels, at any scale; and how much room that may take. */
const HEAD = 20
const HIGHEST_HEAD = 180
/** From this number on, nodes cannot be read at once. */
const MANY_NODES = 60
/** A drawing is made for a window. It is made again once the window is larger or smaller by this factor. */
const SAME_ROOM = 1.3

/** The drawing of the newest graph, with its titles. It is made again only when the shape of the graph or the window changes. */
export class GraphLayout {
  drawing: Drawing = { boxes: new Map(), groups: new Map(), lines: new Map(), width: 0, height: 0 }
  titles: ReturnType<typeof titlesOf> = titlesOf({ nodes: [], groups: [] })
  private graph: Graph = { nodes: [], groups: [], edges: [], nodeOf: new Map() }
  /** Where each title differs from the others: set with the shape. */
  private differences: ReadonlyMap<string, Difference> = new Map()
  /** What the drawing was made of; empty before the first one. */
  private shape = ''
  /** What the drawing was made for. */
  private room: Size = { width: 0, height: 0 }

  /** Takes the newest graph; `fit` draws it. */
  take(graph: Graph): void {
    this.graph = graph
    this.titles = titlesOf(graph)
  }

  /** Where a title differs from others. */
  differenceOf(title: string): Difference | undefined {
    return this.differences.get(title)
  }

  /**
   * Draws the graph for a window.
   *
   * @returns Whether there is a new drawing.
   */
  fit(window: Size): boolean {
    const { nodes, groups, edges } = this.graph
    const boxes = nodes.map((node) => ({ key: node.key, height: cardHeight(barCount(node)), group: node.group }))
    const room = roomIn(window)
    const isSame = (one: number, other: number): boolean => one < other * SAME_ROOM && other < one * SAME_ROOM
    const isSameRoom = isSame(room.width, this.room.width) && isSame(room.height, this.room.height)
    const shape = JSON.stringify([boxes, groups.map(({ key, group }) => [key, group]), edges.map(({ key }) => key)])
    if (shape === this.shape && isSameRoom) return false
    if (!isSameRoom) this.room = room
    if (shape !== this.shape) {
      this.differences = differencesOf([...this.titles.nodes.values(), ...this.titles.groups.values()])
    }
    this.shape = shape
    const given = { groups, room: this.room }
    const drawing = boxes.length < MANY_NODES ? layoutGraph(boxes, edges, spacing, given) : undefined
    const isReadable = drawing !== undefined && scaleFor(drawing, this.room) >= READABLE
    this.drawing = isReadable ? drawing : layoutGraph(boxes, edges, closer, given)
    const head = HEAD / scaleFor(this.drawing, this.room)
    if (groups.length > 0 && head > (closer.groupHead ?? 0)) {
      const groupHead = Math.min(head, HIGHEST_HEAD)
      this.drawing = layoutGraph(boxes, edges, { ...closer, groupHead }, given)
    }
    return true
  }
}
