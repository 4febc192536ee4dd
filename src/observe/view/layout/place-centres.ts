import { adjacency, type Step } from './order-layers.ts'

/** How often cells are moved next to their neighbours, from the left and from the right by turns. */
const PASSES = 4

/**
 * Returns how far down the centre of each cell is.
 *
 * A cell is as near to the mean of its neighbours as the order and the heights of its layer allow. The topmost cell begins
 * at 0.
 */
export function placeCentres(
  layers: readonly (readonly string[])[],
  steps: readonly Step[],
  heightOf: (key: string) => number,
  gap: number,
): ReadonlyMap<string, number> {
  const previous = adjacency(steps.map(([from, to]) => [to, from]))
  const following = adjacency(steps)
  const centres = new Map<string, number>()
  for (const layer of layers) {
    for (const [index, offset] of offsetsOf(layer, heightOf, gap).entries()) centres.set(layer[index] ?? '', offset)
  }
  for (let pass = 0; pass < PASSES; pass++) {
    const isForward = pass % 2 === 0
    const neighbours = isForward ? previous : following
    for (const layer of isForward ? layers : [...layers].reverse()) {
      const wishes = layer.map((key) => mean(neighbours.get(key), centres) ?? centres.get(key) ?? 0)
      const offsets = offsetsOf(layer, heightOf, gap)
      const shifts = nearestInOrder(wishes.map((wish, index) => wish - (offsets[index] ?? 0)))
      for (const [index, key] of layer.entries()) centres.set(key, (shifts[index] ?? 0) + (offsets[index] ?? 0))
    }
  }
  let top = Number.POSITIVE_INFINITY
  for (const [key, centre] of centres) top = Math.min(top, centre - heightOf(key) / 2)
  return new Map([...centres].map(([key, centre]) => [key, centre - top]))
}

/** The centres of a layer whose cells are as close as possible. */
function offsetsOf(layer: readonly string[], heightOf: (key: string) => number, gap: number): number[] {
  let edge = 0
  return layer.map((key) => {
    const centre = edge + heightOf(key) / 2
    edge += heightOf(key) + gap
    return centre
  })
}

function mean(keys: readonly string[] | undefined, values: ReadonlyMap<string, number>): number | undefined {
  if (keys === undefined) return undefined
  return keys.reduce((sum, key) => sum + (values.get(key) ?? 0), 0) / keys.length
}

/**
 * The non-decreasing numbers that are nearest to the given ones, by the sum of squares. Neighbours that decrease are
 * pooled and share their mean.
 */
function nearestInOrder(wishes: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = []
  for (const wish of wishes) {
    let pool = { sum: wish, count: 1 }
    for (
      let last = pools.at(-1);
      last !== undefined && last.sum / last.count > pool.sum / pool.count;
      last = pools.at(-1)
    ) {
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count }
      pools.pop()
    }
    pools.push(pool)
  }
  return pools.flatMap(({ sum, count }) => Array<number>(count).fill(sum / count))
}
