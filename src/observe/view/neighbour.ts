import type { GraphEdge } from './graph.ts'
import type { Placed } from './layout/drawing.ts'

/** The direction of an arrow key. */
export type Direction = 'left' | 'right' | 'up' | 'down'

/**
 * The node that an arrow key moves to.
 *
 * Left and right follow subscriptions; without any, they move to the next column. Up and down stay within the column. Of
 * several nodes the nearest in height is chosen.
 */
export function neighbourOf(
  key: string,
  direction: Direction,
  places: ReadonlyMap<string, Placed>,
  edges: readonly GraphEdge[],
): string | undefined {
  const own = places.get(key)
  if (own === undefined) return undefined
  const others = [...places].filter(([other]) => other !== key)
  if (direction === 'up' || direction === 'down') {
    const isBeyond = (y: number): boolean => (direction === 'up' ? y < own.y : y > own.y)
    return nearest(
      own,
      others.filter(([, { x, y, width }]) => x < own.x + own.width && own.x < x + width && isBeyond(y)),
    )
  }
  const linked = new Set<string>()
  for (const { from, to } of edges) {
    if (direction === 'left' && to === key) linked.add(from)
    if (direction === 'right' && from === key) linked.add(to)
  }
  const along = others.filter(([other]) => linked.has(other))
  if (along.length > 0) return nearest(own, along)
  const distance = ({ x, width }: Placed): number => (direction === 'left' ? own.x - x - width : x - own.x - own.width)
  const beyond = others.filter(([, place]) => distance(place) >= 0)
  const least = beyond.reduce((all, [, place]) => Math.min(all, distance(place)), Number.POSITIVE_INFINITY)
  return nearest(
    own,
    beyond.filter(([, place]) => distance(place) === least),
  )
}

function nearest(own: Placed, others: readonly (readonly [string, Placed])[]): string | undefined {
  const middle = ({ y, height }: Placed): number => y + height / 2
  const distance = (place: Placed): number => Math.abs(middle(place) - middle(own))
  return [...others].sort(([, one], [, other]) => distance(one) - distance(other))[0]?.[0]
}
