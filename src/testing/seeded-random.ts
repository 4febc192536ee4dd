/** A source of random numbers that is the same for the same seed, on every machine. */
export interface SeededRandom {
  /** An integer from 0 up to, not including, `bound`. */
  below(bound: number): number
  /** A number from 0 up to, not including, 1; can be passed on in place of `Math.random`. */
  readonly fraction: () => number
  /**
   * One of the items, each as likely as the others.
   *
   * @throws {RangeError} If there are none.
   */
  pick<Item>(items: readonly Item[]): Item
}

/** Makes a source of random numbers from a seed, an integer: the generator known as mulberry32. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(fraction() * bound)
  return {
    below,
    fraction,
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) throw new RangeError('expected items to pick one of, got none')
      return items[below(items.length)] as Item
    },
  }
}
