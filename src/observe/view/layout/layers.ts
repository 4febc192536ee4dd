import type { Step } from './order-layers.ts'

/** An item of a layer. */
export interface LayerItem {
  readonly key: string
  readonly width: number
  readonly height: number
  /** For a place on the border of a group, where lines enter or leave it: it is in the first or the last layer. */
  readonly port?: 'in' | 'out'
}

/** A line between two items, by their keys. */
export interface LayerLink {
  readonly key: string
  readonly from: string
  readonly to: string
}

/** An item, or a place between items that a long line passes through. */
export interface Cell {
  readonly key: string
  readonly width: number
  readonly height: number
  readonly isVia: boolean
}

/** Items and lines in layers. */
interface Layers {
  readonly layers: readonly (readonly Cell[])[]
  readonly layerOf: ReadonlyMap<string, number>
  /** From a cell to one in the next layer. */
  readonly steps: readonly Step[]
  /** By link: the cells that it passes through. None for a link that leads back, or too far. */
  readonly vias: ReadonlyMap<string, readonly string[]>
}

/** The height of a line that passes between items. */
const LINE_ROOM = 14
/** The most cells for lines, per item. Lines beyond that are straight. */
const VIAS_PER_ITEM = 8

/** Assigns items to layers, so that each line leads to a later layer, unless it closes a cycle. */
export function layersFor(items: readonly LayerItem[], links: readonly LayerLink[]): Layers {
  const layerOf = layerNumbers(items, links)
  const count = items.reduce((most, { key }) => Math.max(most, (layerOf.get(key) ?? 0) + 1), 0)
  const layers: Cell[][] = Array.from({ length: count }, () => [])
  for (const { key, width, height } of items) {
    layers[layerOf.get(key) ?? 0]?.push({ key, width, height, isVia: false })
  }
  const steps: Step[] = []
  const vias = new Map<string, string[]>()
  let room = VIAS_PER_ITEM * items.length
  for (const { key, from, to } of links) {
    const first = layerOf.get(from) ?? 0
    const last = layerOf.get(to) ?? 0
    if (last <= first) continue // It closes a cycle and is drawn backwards.
    room -= last - first - 1
    if (room < 0) continue
    const through: string[] = []
    for (let layer = first + 1; layer < last; layer++) {
      const via = `${key} via ${layer}`
      layers[layer]?.push({ key: via, width: 0, height: LINE_ROOM, isVia: true })
      through.push(via)
    }
    vias.set(key, through)
    let before = from
    for (const cell of [...through, to]) {
      steps.push([before, cell])
      before = cell
    }
  }
  return { layers, layerOf, steps, vias }
}

function layerNumbers(items: readonly LayerItem[], links: readonly LayerLink[]): ReadonlyMap<string, number> {
  const ports = new Map(items.flatMap(({ key, port }) => (port === undefined ? [] : [[key, port] as const])))
  const inner = items.filter(({ key }) => !ports.has(key))
  const numbers = new Map(
    innerNumbers(
      inner,
      links.filter(({ from, to }) => !ports.has(from) && !ports.has(to)),
    ),
  )
  if (ports.size === 0) return numbers
  const shift = [...ports.values()].includes('in') ? 1 : 0
  let last = 0
  for (const [key, number] of numbers) {
    numbers.set(key, number + shift)
    last = Math.max(last, number + shift)
  }
  for (const [key, port] of ports) numbers.set(key, port === 'in' ? 0 : last + 1)
  return numbers
}

/** The layer of an item is the length of the longest path to it. An item that no line leads to is right before its target. */
function innerNumbers(items: readonly LayerItem[], links: readonly LayerLink[]): ReadonlyMap<string, number> {
  const next = new Map<string, string[]>(items.map(({ key }) => [key, []]))
  for (const { from, to } of links) next.get(from)?.push(to)
  const layerOf = new Map<string, number>()
  const order = topologicalOrder(items, next)
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
    let nearest = Number.POSITIVE_INFINITY
    for (const to of next.get(key) ?? []) if (isForward(key, to)) nearest = Math.min(nearest, layerOf.get(to) ?? 0)
    if (Number.isFinite(nearest)) layerOf.set(key, nearest - 1)
  }
  return layerOf
}

/** An order in which links lead forward, except those that close a cycle. */
function topologicalOrder(items: readonly LayerItem[], next: ReadonlyMap<string, readonly string[]>): string[] {
  const finished: string[] = []
  const isSeen = new Set<string>()
  for (const { key } of items) {
    if (isSeen.has(key)) continue
    isSeen.add(key)
    // Depth first, without recursion: a chain may be of any length.
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
