import { areTouching, type Rectangle } from '../../view/camera.ts'
import type { GraphGroup } from '../../view/graph.ts'
import type { GraphLayout } from './graph-layout.ts'
import type { GroupHead } from './group-head.ts'
import { headRoom, headText } from './text-room.ts'

/** The heads of the groups that are in sight at a scale, side by side where they would overlap. */
export function groupHeads(
  groups: readonly GraphGroup[],
  layout: GraphLayout,
  scale: number,
  seen: Rectangle,
  opened: string | undefined,
): readonly GroupHead[] {
  const { drawing, titles } = layout
  const taken: Rectangle[] = []
  return groups.flatMap((group): GroupHead[] => {
    const place = drawing.groups.get(group.key)
    const title = titles.groups.get(group.key) ?? ''
    if (place === undefined || !areTouching(place, seen)) return []
    const width = place.width * scale
    const { kind } = group.owner
    const short = headText(title, kind, layout.differenceOf(title), width)
    if (short === undefined) return []
    // At a small scale the head of an inner group would cover the head of the group around it: it moves to its right.
    const room = { x: place.x * scale, y: place.y * scale, ...headRoom(short, kind, width) }
    for (const other of taken) if (areTouching(room, other)) room.x = other.x + other.width + 1
    const shift = room.x - place.x * scale
    if (shift + room.width > width) return []
    taken.push(room)
    return [{ group, title, short, isOpened: group.key === opened, width, shift }]
  })
}
