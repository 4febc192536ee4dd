/** The number of sweeps over all layers, in alternating directions. More sweeps hardly change the result. */
const SWEEPS = 6

/** From a cell to one in the next layer, by their keys. */
export type Step = readonly [from: string, to: string]

/**
 * Orders the cells of each layer so that few lines cross.
 *
 * Each sweep moves cells to the mean position of their neighbours, in the previous layer and in the next one by turns.
 * The order with the fewest crossings is returned. Cells with the same mean stay in the given order.
 */
export function orderLayers(
  layers: readonly (readonly string[])[],
  steps: readonly Step[],
): readonly (readonly string[])[] {
  const previous = adjacency(steps.map(([from, to]) => [to, from]))
  const following = adjacency(steps)
  let current = layers.map((layer) => [...layer])
  let best = current
  let fewest = crossings(current, following)
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    current = swept(current, sweep % 2 === 0 ? previous : following, sweep % 2 === 0)
    const count = crossings(current, following)
    if (count < fewest) {
      best = current
      fewest = count
    }
  }
  return best
}

type Adjacency = ReadonlyMap<string, readonly string[]>

/** The cells that steps lead to from each cell, by keys. */
export function adjacency(steps: readonly Step[]): Adjacency {
  const lists = new Map<string, string[]>()
  for (const [from, to] of steps) {
    const list = lists.get(from)
    if (list === undefined) lists.set(from, [to])
    else list.push(to)
  }
  return lists
}

function swept(layers: readonly (readonly string[])[], neighbours: Adjacency, isForward: boolean): string[][] {
  const result = layers.map((layer) => [...layer])
  const order = [...result.keys()]
  if (!isForward) order.reverse()
  const place = new Map<string, number>()
  for (const index of order) {
    const layer = result[index] ?? []
    const wish = new Map(layer.map((key, own) => [key, mean(neighbours.get(key), place) ?? own]))
    // Sorting is stable: cells with the same wish stay in order.
    layer.sort((one, other) => (wish.get(one) ?? 0) - (wish.get(other) ?? 0))
    for (const [own, key] of layer.entries()) place.set(key, own)
  }
  return result
}

function mean(keys: readonly string[] | undefined, place: ReadonlyMap<string, number>): number | undefined {
  const known = (keys ?? []).flatMap((key) => place.get(key) ?? [])
  return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0) / known.length
}

/** The number of pairs of lines that cross, between all layers. */
function crossings(layers: readonly (readonly string[])[], following: Adjacency): number {
  let count = 0
  for (const [index, layer] of layers.entries()) {
    const next = layers[index + 1] ?? []
    const place = new Map(next.map((key, own) => [key, own]))
    const ends = new EndCounts(next.length)
    for (const key of layer) {
      const own = (following.get(key) ?? []).map((to) => place.get(to) ?? 0)
      // It crosses each earlier line that ends further down.
      for (const end of own) count += ends.beyond(end)
      for (const end of own) ends.add(end)
    }
  }
  return count
}

/** Counts the lines that end at each position of a layer. A Fenwick tree, because a layer may have thousands. */
class EndCounts {
  private readonly sums: number[]
  private total = 0

  constructor(places: number) {
    this.sums = Array<number>(places + 1).fill(0)
  }

  add(place: number): void {
    this.total++
    for (let index = place + 1; index < this.sums.length; index += index & -index) {
      this.sums[index] = (this.sums[index] ?? 0) + 1
    }
  }

  /** The number of lines that end further down than this position. */
  beyond(place: number): number {
    let upTo = 0
    for (let index = place + 1; index > 0; index -= index & -index) upTo += this.sums[index] ?? 0
    return this.total - upTo
  }
}
