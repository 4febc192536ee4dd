import { orderLayers } from './order-layers.ts'
import { placeCentres } from './place-centres.ts'

/** What is to be drawn. */
export interface Box {
  readonly key: string
  readonly height: number
}

/** A line between two boxes, by their keys. */
export interface Link {
  readonly key: string
  readonly from: string
  readonly to: string
}

/** The measures of a drawing. */
export interface Spacing {
  /** How wide each box is. */
  readonly width: number
  /** Between two layers, where the lines are. */
  readonly layerGap: number
  /** Between two boxes of a layer. */
  readonly rowGap: number
  /** How many boxes that nothing is connected to stand in a row. */
  readonly looseInRow: number
}

/** Where a box is drawn. */
export interface Placed {
  readonly x: number
  readonly y: number
  readonly height: number
  /** Its column: 0 is leftmost. */
  readonly layer: number
}

/** A place in a drawing. */
export interface Spot {
  readonly x: number
  readonly y: number
}

/** A graph as it is drawn. */
export interface Drawing {
  /** By key. */
  readonly boxes: ReadonlyMap<string, Placed>
  /** By key: from the right side of a box, between the boxes in its way, to the left side of another. */
  readonly lines: ReadonlyMap<string, readonly Spot[]>
  readonly width: number
  readonly height: number
}

/** A box, or a place in between that a long line goes through. */
interface Cell {
  readonly key: string
  readonly height: number
  readonly isBox: boolean
}

/** How much room a line takes that goes between boxes. */
const LINE_ROOM = 14

/**
 * Lays a graph out from left to right: a box stands one layer behind the furthest of those that lead to it, in an order
 * that has few crossings, beside its neighbours. Parts that are not connected stand one below the other, and boxes that
 * nothing is connected to at the bottom.
 *
 * Depends on nothing but the graph and the order in which it is given, so it is the same each time, and stays as it is
 * where others come and go.
 */
export function layoutGraph(boxes: readonly Box[], links: readonly Link[], spacing: Spacing): Drawing {
  const keys = new Set(boxes.map(({ key }) => key))
  const real = links.filter(({ from, to }) => from !== to && keys.has(from) && keys.has(to))
  const placed = new Map<string, Placed>()
  const lines = new Map<string, readonly Spot[]>()
  const parts = partsOf(boxes, real)
  const partOf = new Map(parts.flatMap((part) => part.map(({ key }) => [key, part] as const)))
  let top = 0
  let width = 0
  for (const part of parts.filter(({ length }) => length > 1)) {
    const own = real.filter(({ from }) => partOf.get(from) === part)
    const drawing = layoutPart(part, own, spacing)
    for (const [key, box] of drawing.boxes) placed.set(key, { ...box, y: box.y + top })
    for (const [key, line] of drawing.lines) {
      lines.set(
        key,
        line.map(({ x, y }) => ({ x, y: y + top })),
      )
    }
    top += drawing.height + 2 * spacing.rowGap
    width = Math.max(width, drawing.width)
  }
  const loose = parts.filter(({ length }) => length === 1).flat()
  const rowHeight = Math.max(0, ...loose.map(({ height }) => height)) + spacing.rowGap
  for (const [index, { key, height }] of loose.entries()) {
    const layer = index % spacing.looseInRow
    const x = layer * (spacing.width + spacing.rowGap)
    placed.set(key, { x, y: top + Math.floor(index / spacing.looseInRow) * rowHeight, height, layer })
    width = Math.max(width, x + spacing.width)
  }
  const bottom = Math.max(0, ...[...placed.values()].map(({ y, height }) => y + height))
  return { boxes: placed, lines, width, height: bottom }
}

/** What is connected, in the order of the first box of each part. */
function partsOf(boxes: readonly Box[], links: readonly Link[]): Box[][] {
  const neighbours = new Map<string, string[]>(boxes.map(({ key }) => [key, []]))
  for (const { from, to } of links) {
    neighbours.get(from)?.push(to)
    neighbours.get(to)?.push(from)
  }
  const part = new Map<string, number>()
  let count = 0
  for (const { key } of boxes) {
    if (part.has(key)) continue
    const open = [key]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (part.has(next)) continue
      part.set(next, count)
      open.push(...(neighbours.get(next) ?? []))
    }
    count++
  }
  const parts: Box[][] = Array.from({ length: count }, () => [])
  for (const box of boxes) parts[part.get(box.key) ?? 0]?.push(box)
  return parts
}

function layoutPart(boxes: readonly Box[], links: readonly Link[], spacing: Spacing): Drawing {
  const layerOf = layersOf(boxes, links)
  const { layers, steps, vias } = withCellsBetween(boxes, links, layerOf)
  const ordered = orderLayers(
    layers.map((cells) => cells.map(({ key }) => key)),
    steps,
  )
  const cells = new Map(layers.flat().map((cell) => [cell.key, cell]))
  const heightOf = (key: string): number => cells.get(key)?.height ?? 0
  const centres = placeCentres(ordered, steps, heightOf, spacing.rowGap)
  const x = (layer: number): number => layer * (spacing.width + spacing.layerGap)
  const placed = new Map<string, Placed>()
  let height = 0
  for (const { key, height: own } of boxes) {
    const y = Math.round((centres.get(key) ?? 0) - own / 2)
    placed.set(key, { x: x(layerOf.get(key) ?? 0), y, height: own, layer: layerOf.get(key) ?? 0 })
    height = Math.max(height, y + own)
  }
  const middle = (key: string): number => Math.round(centres.get(key) ?? 0)
  const lines = new Map<string, readonly Spot[]>()
  for (const { key, from, to } of links) {
    const line = [{ x: x(layerOf.get(from) ?? 0) + spacing.width, y: middle(from) }]
    for (const [index, via] of (vias.get(key) ?? []).entries()) {
      const left = x((layerOf.get(from) ?? 0) + index + 1)
      line.push({ x: left, y: middle(via) }, { x: left + spacing.width, y: middle(via) })
    }
    line.push({ x: x(layerOf.get(to) ?? 0), y: middle(to) })
    lines.set(key, line)
  }
  return { boxes: placed, lines, width: x(ordered.length - 1) + spacing.width, height }
}

/** The longest way to each box counts, and one that nothing leads to stands right before what it leads to. */
function layersOf(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<string, number> {
  const next = new Map<string, string[]>(boxes.map(({ key }) => [key, []]))
  for (const { from, to } of links) next.get(from)?.push(to)
  const layerOf = new Map<string, number>()
  const order = topologicalOrder(boxes, next)
  const position = new Map(order.map((key, index) => [key, index]))
  const isForward = (from: string, to: string): boolean => (position.get(from) ?? 0) < (position.get(to) ?? 0)
  const isReached = new Set<string>()
  for (const key of order) {
    const layer = layerOf.get(key) ?? 0
    layerOf.set(key, layer)
    for (const to of next.get(key) ?? []) {
      if (!isForward(key, to)) continue
      isReached.add(to)
      layerOf.set(to, Math.max(layerOf.get(to) ?? 0, layer + 1))
    }
  }
  for (const key of order) {
    if (isReached.has(key)) continue
    const behind = (next.get(key) ?? []).filter((to) => isForward(key, to)).map((to) => layerOf.get(to) ?? 0)
    if (behind.length > 0) layerOf.set(key, Math.min(...behind) - 1)
  }
  return layerOf
}

/** An order in which links lead onwards, but for those that close a circle. */
function topologicalOrder(boxes: readonly Box[], next: ReadonlyMap<string, readonly string[]>): string[] {
  const finished: string[] = []
  const isSeen = new Set<string>()
  for (const { key } of boxes) {
    if (isSeen.has(key)) continue
    isSeen.add(key)
    // Depth first, without recursion: a chain may be as long as it likes.
    const path = [{ key, index: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = next.get(top.key)?.[top.index++]
      if (to === undefined) {
        finished.push(top.key)
        path.pop()
      } else if (!isSeen.has(to)) {
        isSeen.add(to)
        path.push({ key: to, index: 0 })
      }
    }
  }
  return finished.reverse()
}

interface Layers {
  readonly layers: readonly (readonly Cell[])[]
  /** From a cell to one in the next layer. */
  readonly steps: readonly (readonly [from: string, to: string])[]
  /** By link: the cells that it goes through in between. */
  readonly vias: ReadonlyMap<string, readonly string[]>
}

function withCellsBetween(boxes: readonly Box[], links: readonly Link[], layerOf: ReadonlyMap<string, number>): Layers {
  const count = Math.max(...layerOf.values()) + 1
  const layers: Cell[][] = Array.from({ length: count }, () => [])
  for (const box of boxes) layers[layerOf.get(box.key) ?? 0]?.push({ ...box, isBox: true })
  const steps: [string, string][] = []
  const vias = new Map<string, string[]>()
  for (const { key, from, to } of links) {
    const first = layerOf.get(from) ?? 0
    const last = layerOf.get(to) ?? 0
    if (last <= first) continue // It closes a circle, and is drawn backwards.
    const through: string[] = []
    for (let layer = first + 1; layer < last; layer++) {
      const via = `${key} via ${layer}`
      layers[layer]?.push({ key: via, height: LINE_ROOM, isBox: false })
      through.push(via)
    }
    vias.set(key, through)
    const cells = [from, ...through, to]
    for (const [index, cell] of cells.slice(1).entries()) steps.push([cells[index] ?? from, cell])
  }
  return { layers, steps, vias }
}
