import type { Box, GroupBox, Link } from './drawing.ts'
import type { LayerItem } from './layers.ts'

/** The key of the outermost level, which is in no group. */
export const OUTERMOST = ''

/** Before the key of a group that is an item of the level around it: a box may have the same key. */
const GROUP = '▣ '

/** The key of a group as an item of the level around it. */
export function itemOfGroup(group: string): string {
  return GROUP + group
}

/** The key of the group that an item stands for; `undefined` for a box. */
export function groupOfItem(item: string): string | undefined {
  return item.startsWith(GROUP) ? item.slice(GROUP.length) : undefined
}

/** The content of a group, or of the outermost level. */
export interface LayoutLevel {
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

/** How a line leaves or enters a group: from an item of it to its border, or the other way. */
interface Crossing {
  readonly group: string
  readonly item: string
  readonly port: string
}

/** A line from a box to another, through the groups that it leaves and enters. */
export interface Way {
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

/**
 * Finds through which groups each line goes.
 *
 * @param outer By the key of a group: the one around it.
 */
export function waysOf(
  boxes: readonly Box[],
  links: readonly Link[],
  outer: ReadonlyMap<string, string>,
): readonly Way[] {
  const groupOf = new Map(boxes.map(({ key, group }) => [key, group ?? OUTERMOST]))
  /** From the outermost to the innermost. */
  const pathOf = (box: string): readonly string[] => {
    const path: string[] = []
    for (let at = groupOf.get(box) ?? OUTERMOST; at !== OUTERMOST; at = outer.get(at) ?? OUTERMOST) path.push(at)
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
      group: left[shared - 1] ?? OUTERMOST,
      from: itemIn(left, link.from),
      to: itemIn(right, link.to),
    }
  })
}

/** Sorts boxes, groups and lines into levels. The sizes of groups are not known yet. */
export function levelsOf(
  boxes: readonly Box[],
  groups: readonly GroupBox[],
  ways: readonly Way[],
): ReadonlyMap<string, LayoutLevel> {
  const levels = new Map<string, LayoutLevel>(
    [OUTERMOST, ...groups.map(({ key }) => key)].map((key) => [key, newLevel()]),
  )
  for (const { key, height, group } of boxes) levels.get(group ?? OUTERMOST)?.items.push({ key, width: -1, height })
  for (const { key, group } of groups) {
    levels.get(group ?? OUTERMOST)?.items.push({ key: itemOfGroup(key), width: -1, height: 0 })
  }
  const isKnown = new Set<string>()
  const addPort = ({ group, item, port }: Crossing, side: 'in' | 'out'): void => {
    const key = `${group} ${port}`
    if (isKnown.has(key)) return
    isKnown.add(key)
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
