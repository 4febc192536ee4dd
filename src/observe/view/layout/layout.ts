import { layoutPart, type PartLink, type Spot } from './lay-part.ts'
import type { LayerItem } from './layers.ts'
import { type Room, scaleFor, shelvesFor } from './wrap.ts'

export type { Spot } from './lay-part.ts'

/** What is to be drawn. */
interface Box {
  readonly key: string
  readonly height: number
  /** The key of the group that it stands in. */
  readonly group?: string | undefined
}

/** Something around boxes and other groups. */
interface GroupBox {
  readonly key: string
  /** The key of the group that it stands in. */
  readonly group?: string | undefined
}

/** A line between two boxes, by their keys. */
interface Link {
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
  /** How many boxes that nothing is connected to stand in a row, at least. */
  readonly looseInRow: number
  /** Within a group, above what is in it. */
  readonly groupHead?: number
  /** Within a group, on the other sides. */
  readonly groupPad?: number
}

/** Where a box or a group is drawn. */
export interface Placed extends Spot, Room {
  /** Its column among those around it: 0 is leftmost. */
  readonly layer: number
}

/** A graph as it is drawn. */
export interface Drawing extends Room {
  /** By key, in reading order. */
  readonly boxes: ReadonlyMap<string, Placed>
  /** By key, outer ones before inner ones. */
  readonly groups: ReadonlyMap<string, Placed>
  /** By key: from the right side of a box, between the boxes in its way, to the left side of another. */
  readonly lines: ReadonlyMap<string, readonly Spot[]>
}

/**
 * Lays a graph out from left to right: a box stands one layer behind the furthest of those that lead to it, in an order
 * that has few crossings, beside its neighbours. Parts that are not connected stand one below the other, and boxes that
 * nothing is connected to at the bottom. What is in a group stands together.
 *
 * Where that would be too small to read in its room, high layers stand in several columns, long chains in several rows,
 * and parts beside one another. Without a room nothing is wrapped.
 *
 * Depends on nothing but the graph and the order in which it is given, so it is the same each time, and stays as it is
 * where others come and go.
 */
export function layoutGraph(
  boxes: readonly Box[],
  links: readonly Link[],
  spacing: Spacing,
  { groups = [], room }: { readonly groups?: readonly GroupBox[]; readonly room?: Room | undefined } = {},
): Drawing {
  const outer = new Map(groups.map(({ key, group }) => [key, group ?? NONE]))
  const ways = waysOf(boxes, links, outer)
  const levels = levelsOf(boxes, groups, ways)
  const drawn = new Map<string, DrawnLevel>()
  // Inner ones first: how large a group is depends on what is in it.
  for (const key of [...groups.map((group) => group.key).reverse(), NONE]) {
    drawn.set(key, drawLevel(levels.get(key) ?? { items: [], links: [] }, key, drawn, spacing, room))
  }
  return put(groups, ways, drawn, spacing)
}

/** The group of what stands in none. */
const NONE = ''

/** What stands in a group, or in none. */
interface LayoutLevel {
  readonly items: LayerItem[]
  readonly links: LevelLink[]
}

interface LevelLink {
  readonly key: string
  readonly from: string
  readonly to: string
  /** Where it begins and ends on the border of a group. */
  readonly fromPort?: string | undefined
  readonly toPort?: string | undefined
}

interface DrawnLevel extends Room {
  /** By the keys of items, in reading order. */
  readonly places: ReadonlyMap<string, Placed>
  /** By the keys of ports: how far down they are. */
  readonly ports: ReadonlyMap<string, number>
  readonly lines: ReadonlyMap<string, readonly Spot[]>
}

/** Before the key of a group that is an item of the level that it stands in: a box may have the same key. */
const GROUP = '▣ '

function itemOfGroup(group: string): string {
  return GROUP + group
}

/** How a line leaves or enters a group: from an item of it to its border, or the other way. */
interface Crossing {
  readonly group: string
  readonly item: string
  readonly port: string
}

/** A line from a box to another, through the groups that it leaves and enters. */
interface Way {
  readonly link: Link
  /** From the inside out. */
  readonly leaves: readonly Crossing[]
  /** From the outside in. */
  readonly enters: readonly Crossing[]
  /** The group in which it goes from one side to the other. */
  readonly group: string
  readonly from: string
  readonly to: string
}

function waysOf(boxes: readonly Box[], links: readonly Link[], outer: ReadonlyMap<string, string>): readonly Way[] {
  const groupOf = new Map(boxes.map(({ key, group }) => [key, group ?? NONE]))
  /** From the outermost to the innermost. */
  const pathOf = (box: string): readonly string[] => {
    const path: string[] = []
    for (let at = groupOf.get(box) ?? NONE; at !== NONE; at = outer.get(at) ?? NONE) path.push(at)
    return path.reverse()
  }
  const real = links.filter(({ from, to }) => from !== to && groupOf.has(from) && groupOf.has(to))
  return real.map((link) => {
    const [left, right] = [pathOf(link.from), pathOf(link.to)]
    let shared = 0
    while (shared < left.length && left[shared] === right[shared]) shared++
    const crossings = (path: readonly string[], box: string, side: 'in' | 'out'): Crossing[] =>
      path.slice(shared).map((group, index) => {
        const inner = path[shared + index + 1]
        const item = inner === undefined ? box : itemOfGroup(inner)
        return { group, item, port: `${side} ${item}` }
      })
    const itemIn = (path: readonly string[], box: string): string => {
      const group = path[shared]
      return group === undefined ? box : itemOfGroup(group)
    }
    return {
      link,
      leaves: crossings(left, link.from, 'out').reverse(),
      enters: crossings(right, link.to, 'in'),
      group: left[shared - 1] ?? NONE,
      from: itemIn(left, link.from),
      to: itemIn(right, link.to),
    }
  })
}

/** Who stands where, and which lines go there; sizes of groups come later. */
function levelsOf(
  boxes: readonly Box[],
  groups: readonly GroupBox[],
  ways: readonly Way[],
): ReadonlyMap<string, LayoutLevel> {
  const levels = new Map<string, LayoutLevel>([NONE, ...groups.map(({ key }) => key)].map((key) => [key, newLevel()]))
  for (const { key, height, group } of boxes) levels.get(group ?? NONE)?.items.push({ key, width: -1, height })
  for (const { key, group } of groups) {
    levels.get(group ?? NONE)?.items.push({ key: itemOfGroup(key), width: -1, height: 0 })
  }
  const isThere = new Set<string>()
  const addPort = ({ group, item, port }: Crossing, side: 'in' | 'out'): void => {
    const key = `${group} ${port}`
    if (isThere.has(key)) return
    isThere.add(key)
    const level = levels.get(group)
    level?.items.push({ key: port, width: 0, height: 0, port: side })
    level?.links.push(side === 'in' ? { key: port, from: port, to: item } : { key: port, from: item, to: port })
  }
  for (const { link, leaves, enters, group, from, to } of ways) {
    for (const crossing of leaves) addPort(crossing, 'out')
    for (const crossing of enters) addPort(crossing, 'in')
    levels.get(group)?.links.push({
      key: link.key,
      from,
      to,
      fromPort: leaves.at(-1)?.port,
      toPort: enters[0]?.port,
    })
  }
  return levels
}

function newLevel(): LayoutLevel {
  return { items: [], links: [] }
}

function drawLevel(
  level: LayoutLevel,
  group: string,
  drawn: ReadonlyMap<string, DrawnLevel>,
  spacing: Spacing,
  room: Room | undefined,
): DrawnLevel {
  const innerOf = (item: string): DrawnLevel | undefined =>
    item.startsWith(GROUP) ? drawn.get(item.slice(GROUP.length)) : undefined
  const { groupHead = 0, groupPad = 0 } = spacing
  const items = level.items.map((item) => {
    const within = innerOf(item.key)
    if (item.width >= 0) return item
    if (within === undefined) return { ...item, width: spacing.width }
    return { ...item, width: within.width + 2 * groupPad, height: within.height + groupHead + groupPad }
  })
  const portY = (item: string, port: string | undefined): number | undefined => {
    const y = port === undefined ? undefined : innerOf(item)?.ports.get(port)
    return y === undefined ? undefined : y + groupHead
  }
  const links = level.links.map((link) => ({
    ...link,
    fromY: portY(link.from, link.fromPort),
    toY: portY(link.to, link.toPort),
  }))
  return group === NONE && items.length === 0 ? nothing : layoutLevel(items, links, spacing, room)
}

const nothing: DrawnLevel = { places: new Map(), ports: new Map(), lines: new Map(), width: 0, height: 0 }

/** Lays out what stands in one group: parts, and below them what nothing is connected to. */
function layoutLevel(
  items: readonly LayerItem[],
  links: readonly PartLink[],
  spacing: Spacing,
  room: Room | undefined,
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
  room: Room | undefined,
): { readonly places: ReadonlyMap<string, Placed> } & Room {
  const rowHeight = items.reduce((most, { height }) => Math.max(most, height), 0) + rowGap
  const sizeWith = (inRow: number): Room => ({
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

/** What is connected, in the order of the first item of each part. */
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

/** Puts levels into each other: until here each began at 0. */
function put(
  groups: readonly GroupBox[],
  ways: readonly Way[],
  drawn: ReadonlyMap<string, DrawnLevel>,
  { groupHead = 0, groupPad = 0 }: Spacing,
): Drawing {
  const root = drawn.get(NONE) ?? nothing
  const origins = new Map<string, Spot>([[NONE, { x: 0, y: 0 }]])
  const placed = new Map<string, Placed>()
  const moved = (key: string, group: string): Placed | undefined => {
    const origin = origins.get(group)
    const place = drawn.get(group)?.places.get(key)
    return origin && place && { ...place, x: place.x + origin.x, y: place.y + origin.y }
  }
  for (const { key, group } of groups) {
    const place = moved(itemOfGroup(key), group ?? NONE)
    if (place === undefined) continue
    placed.set(key, place)
    origins.set(key, { x: place.x + groupPad, y: place.y + groupHead })
  }
  const isGroup = new Map(groups.map(({ key }) => [itemOfGroup(key), key]))
  const boxes = new Map<string, Placed>()
  const open: { readonly group: string; readonly key: string }[] = []
  const enter = (group: string): void => {
    const keys = [...(drawn.get(group)?.places.keys() ?? [])]
    for (const key of keys.reverse()) open.push({ group, key })
  }
  enter(NONE)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const inner = isGroup.get(next.key)
    if (inner !== undefined) enter(inner)
    else {
      const place = moved(next.key, next.group)
      if (place !== undefined) boxes.set(next.key, place)
    }
  }
  const lines = new Map(ways.map((way) => [way.link.key, lineOf(way, drawn, origins, placed)]))
  return { boxes, groups: placed, lines, width: root.width, height: root.height }
}

function lineOf(
  { link, leaves, enters, group }: Way,
  drawn: ReadonlyMap<string, DrawnLevel>,
  origins: ReadonlyMap<string, Spot>,
  placed: ReadonlyMap<string, Placed>,
): readonly Spot[] {
  const pieceOf = (level: string, key: string): Spot[] => {
    const { x: left = 0, y: top = 0 } = origins.get(level) ?? {}
    return (drawn.get(level)?.lines.get(key) ?? []).map(({ x, y }) => ({ x: x + left, y: y + top }))
  }
  const line: Spot[] = []
  for (const { group: left, port } of leaves) {
    const piece = pieceOf(left, port)
    const border = placed.get(left)
    const end = piece.pop()
    line.push(...piece)
    if (end !== undefined && border !== undefined) line.push({ x: border.x + border.width, y: end.y })
  }
  line.push(...pieceOf(group, link.key))
  for (const { group: entered, port } of enters) {
    const [begin, ...piece] = pieceOf(entered, port)
    const border = placed.get(entered)
    if (begin !== undefined && border !== undefined) line.push({ x: border.x, y: begin.y })
    line.push(...piece)
  }
  return line.filter(({ x, y }, index) => index === 0 || x !== line[index - 1]?.x || y !== line[index - 1]?.y)
}
