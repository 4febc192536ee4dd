import type { Placed, Spacing, Spot } from './drawing.ts'
import { layoutPart, type PartLink } from './lay-part.ts'
import type { LayerItem } from './layers.ts'
import { type Size, scaleFor, shelvesFor } from './wrap.ts'

/** A level as it is drawn, from 0 on. */
export interface DrawnLevel extends Size {
  /** By the keys of items, in reading order. */
  readonly places: ReadonlyMap<string, Placed>
  /** By the keys of ports: how far down they are. */
  readonly ports: ReadonlyMap<string, number>
  readonly lines: ReadonlyMap<string, readonly Spot[]>
}

/** A level without content. */
export const emptyLevel: DrawnLevel = { places: new Map(), ports: new Map(), lines: new Map(), width: 0, height: 0 }

/** Lays out one level: its connected parts, and below them the items that nothing is connected to. */
export function layoutLevel(
  items: readonly LayerItem[],
  links: readonly PartLink[],
  spacing: Spacing,
  room: Size | undefined,
): DrawnLevel {
  const isLoose = (part: LayoutPart): boolean => part.items.length === 1 && part.items[0]?.width === spacing.width
  const parts = partsOf(items, links)
  const connected = parts.filter((part) => !isLoose(part))
  const drawings = connected.map((part) => layoutPart(part.items, part.links, spacing, room))
  const loose = parts.filter(isLoose).flatMap((part) => part.items)
  const shelves = shelvesFor(drawings, room, 2 * spacing.rowGap)
  const places = new Map<string, Placed>()
  const ports = new Map<string, number>()
  const lines = new Map<string, readonly Spot[]>()
  const sizes = new Map(items.map((item) => [item.key, item]))
  for (const [index, drawing] of drawings.entries()) {
    const { x: left = 0, y: top = 0 } = shelves.places[index] ?? {}
    for (const [key, { x, y, layer }] of inReadingOrder(drawing)) {
      const { width = 0, height = 0, port } = sizes.get(key) ?? {}
      if (port === undefined) places.set(key, { x: x + left, y: y + top, width, height, layer })
      else ports.set(key, y + top)
    }
    for (const [key, line] of drawing.lines) {
      lines.set(
        key,
        line.map(({ x, y }) => ({ x: x + left, y: y + top })),
      )
    }
  }
  const top = drawings.length === 0 ? 0 : shelves.height + 2 * spacing.rowGap
  const rest = placeLoose(loose, top, shelves.width, spacing, room)
  for (const [key, place] of rest.places) places.set(key, place)
  const height = loose.length === 0 ? shelves.height : rest.height
  return { places, ports, lines, width: Math.max(shelves.width, rest.width), height }
}

function inReadingOrder({ places }: ReturnType<typeof layoutPart>): [string, Spot & { readonly layer: number }][] {
  return [...places].sort(([, one], [, other]) => one.layer - other.layer || one.x - other.x || one.y - other.y)
}

function placeLoose(
  items: readonly LayerItem[],
  top: number,
  widthOfOthers: number,
  { width, rowGap, looseInRow }: Spacing,
  room: Size | undefined,
): { readonly places: ReadonlyMap<string, Placed> } & Size {
  const rowHeight = items.reduce((most, { height }) => Math.max(most, height), 0) + rowGap
  const sizeWith = (inRow: number): Size => ({
    width: Math.min(inRow, items.length) * (width + rowGap) - rowGap,
    height: top + Math.ceil(items.length / inRow) * rowHeight - rowGap,
  })
  let inRow = Math.max(looseInRow, room === undefined ? 0 : Math.floor((widthOfOthers + rowGap) / (width + rowGap)))
  for (let more = inRow; room !== undefined && more < items.length; more++) {
    if (scaleFor(sizeWith(more), room) > scaleFor(sizeWith(inRow), room)) inRow = more
  }
  const places = new Map<string, Placed>()
  for (const [index, { key, height }] of items.entries()) {
    const layer = index % inRow
    const y = top + Math.floor(index / inRow) * rowHeight
    places.set(key, { x: layer * (width + rowGap), y, width, height, layer })
  }
  const bottom = [...places.values()].reduce((most, { y, height }) => Math.max(most, y + height), 0)
  return { places, width: Math.max(0, sizeWith(inRow).width), height: bottom }
}

interface LayoutPart {
  readonly items: LayerItem[]
  readonly links: PartLink[]
}

/** Items by what they are connected to; the parts are in the order of their first items. */
function partsOf(items: readonly LayerItem[], links: readonly PartLink[]): readonly LayoutPart[] {
  const neighbours = new Map<string, string[]>(items.map(({ key }) => [key, []]))
  for (const { from, to } of links) {
    neighbours.get(from)?.push(to)
    neighbours.get(to)?.push(from)
  }
  const partOf = new Map<string, LayoutPart>()
  const parts: LayoutPart[] = []
  for (const { key } of items) {
    if (partOf.has(key)) continue
    const part: LayoutPart = { items: [], links: [] }
    parts.push(part)
    const open = [key]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (partOf.has(next)) continue
      partOf.set(next, part)
      for (const each of neighbours.get(next) ?? []) if (!partOf.has(each)) open.push(each)
    }
  }
  for (const item of items) partOf.get(item.key)?.items.push(item)
  for (const link of links) partOf.get(link.from)?.links.push(link)
  return parts
}
