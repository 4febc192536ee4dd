import type { Box, Drawing, GroupBox, Link, Placed, Spacing, Spot } from './drawing.ts'
import { type DrawnLevel, emptyLevel, layoutLevel } from './lay-level.ts'
import { groupOfItem, itemOfGroup, type LayoutLevel, levelsOf, OUTERMOST, type Way, waysOf } from './levels.ts'
import type { Size } from './wrap.ts'

/**
 * Lays out a graph from left to right.
 *
 * A box is one layer to the right of the furthest of those that lead to it, beside its neighbours, in an order that has
 * few crossings. Unconnected parts are placed below each other, and boxes without connections at the bottom. The content
 * of a group stays together.
 *
 * A drawing that would be too small to read in its room is wrapped: high layers into several columns, long chains into
 * several rows, and parts side by side. Without a room emptyLevel is wrapped.
 *
 * Deterministic: the drawing depends on the graph and its order only, so most of it stays in place while stages come and
 * go.
 */
export function layoutGraph(
  boxes: readonly Box[],
  links: readonly Link[],
  spacing: Spacing,
  { groups = [], room }: { readonly groups?: readonly GroupBox[]; readonly room?: Size | undefined } = {},
): Drawing {
  const outer = new Map(groups.map(({ key, group }) => [key, group ?? OUTERMOST]))
  const ways = waysOf(boxes, links, outer)
  const levels = levelsOf(boxes, groups, ways)
  const drawn = new Map<string, DrawnLevel>()
  // Inner ones first: how large a group is depends on what is in it.
  for (const key of [...groups.map((group) => group.key).reverse(), OUTERMOST]) {
    drawn.set(key, drawLevel(levels.get(key) ?? { items: [], links: [] }, key, drawn, spacing, room))
  }
  return put(groups, ways, drawn, spacing)
}

function drawLevel(
  level: LayoutLevel,
  group: string,
  drawn: ReadonlyMap<string, DrawnLevel>,
  spacing: Spacing,
  room: Size | undefined,
): DrawnLevel {
  const innerOf = (item: string): DrawnLevel | undefined => {
    const inner = groupOfItem(item)
    return inner === undefined ? undefined : drawn.get(inner)
  }
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
  return group === OUTERMOST && items.length === 0 ? emptyLevel : layoutLevel(items, links, spacing, room)
}

/** Places levels inside each other; until here each of them began at 0. */
function put(
  groups: readonly GroupBox[],
  ways: readonly Way[],
  drawn: ReadonlyMap<string, DrawnLevel>,
  { groupHead = 0, groupPad = 0 }: Spacing,
): Drawing {
  const root = drawn.get(OUTERMOST) ?? emptyLevel
  const origins = new Map<string, Spot>([[OUTERMOST, { x: 0, y: 0 }]])
  const placed = new Map<string, Placed>()
  const moved = (key: string, group: string): Placed | undefined => {
    const origin = origins.get(group)
    const place = drawn.get(group)?.places.get(key)
    return origin && place && { ...place, x: place.x + origin.x, y: place.y + origin.y }
  }
  for (const { key, group } of groups) {
    const place = moved(itemOfGroup(key), group ?? OUTERMOST)
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
  enter(OUTERMOST)
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
