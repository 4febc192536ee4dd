/** What is known of a figure that was taken several times. */
export interface Estimate {
  readonly median: number
  /**
   * Between these the true median lies, with a probability of at least 95 %: a distribution-free interval by order
   * statistics, which is the sign test turned around. Undefined for fewer than six figures, of which none is so sure.
   */
  readonly low?: number
  readonly high?: number
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5)
}

/** The figure below which `share` of them are, between 0 and 1, interpolated. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((one, other) => one - other)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

/** How far the middle half of the figures is apart, as a share of their median. */
export function spread(figures: readonly number[]): number {
  return (quantile(figures, 0.75) - quantile(figures, 0.25)) / median(figures)
}

/** The median, and an interval in which it truly lies. */
export function estimate(figures: readonly number[]): Estimate {
  const rank = outerRank(figures.length)
  if (rank === 0) return { median: median(figures) }
  const sorted = figures.toSorted((one, other) => one - other)
  return {
    median: median(figures),
    low: sorted[rank - 1] ?? Number.NaN,
    high: sorted[sorted.length - rank] ?? Number.NaN,
  }
}

/**
 * Which of the sorted figures, counted from 1 and from either end, bounds the interval; 0 if none does.
 *
 * As many figures lie below the true median as heads are thrown with a fair coin: rank `k` from below is above it with
 * the probability of fewer than `k` heads, which must be at most 2.5 % at either end. Of 15 it is the fourth (96.5 %).
 */
export function outerRank(count: number): number {
  let probability = 0.5 ** count
  let sum = 0
  for (let heads = 0; heads < count; heads++) {
    sum += probability
    if (sum > 0.025) return heads
    probability *= (count - heads) / (heads + 1)
  }
  return 0
}

/** The geometric mean. */
export function geometricMean(...figures: readonly number[]): number {
  return Math.exp(figures.reduce((sum, figure) => sum + Math.log(figure), 0) / figures.length)
}
