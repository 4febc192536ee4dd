import type { GraphEdge } from './graph.ts'
import type { Placed } from './layout.ts'

/** Where an arrow key points. */
export type Direction = 'left' | 'right' | 'up' | 'down'

/**
 * The node that an arrow key goes to: left and right along the subscriptions, and if there are none into the next
 * layer that has any; up and down within the layer. Among several the one at about the same height.
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
      others.filter(([, { layer, y }]) => layer === own.layer && isBeyond(y)),
    )
  }
  const linked = new Set(
    edges.flatMap(({ from, to }) => {
      if (direction === 'left') return to === key ? [from] : []
      return from === key ? [to] : []
    }),
  )
  const along = others.filter(([other]) => linked.has(other))
  if (along.length > 0) return nearest(own, along)
  const isBeyond = (layer: number): boolean => (direction === 'left' ? layer < own.layer : layer > own.layer)
  const beyond = others.filter(([, { layer }]) => isBeyond(layer))
  const distance = Math.min(...beyond.map(([, { layer }]) => Math.abs(layer - own.layer)))
  return nearest(
    own,
    beyond.filter(([, { layer }]) => Math.abs(layer - own.layer) === distance),
  )
}

function nearest(own: Placed, others: readonly (readonly [string, Placed])[]): string | undefined {
  const middle = ({ y, height }: Placed): number => y + height / 2
  const distance = (place: Placed): number => Math.abs(middle(place) - middle(own))
  return [...others].sort(([, one], [, other]) => distance(one) - distance(other))[0]?.[0]
}
