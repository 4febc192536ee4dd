/** How many buckets a doubling is divided into: a quantile is at most 2 % above the truth. */
const PER_DOUBLING = 32
/** Whatever takes less than a microsecond falls into the first bucket. */
const SMALLEST = 0.001
const BUCKETS = PER_DOUBLING * 32

/** Counts durations in milliseconds, as many as there are, without keeping them. */
export class Histogram {
  private readonly buckets = new Float64Array(BUCKETS)
  private total = 0

  add(duration: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(duration, SMALLEST) / SMALLEST) * PER_DOUBLING)
    const index = Math.min(bucket, BUCKETS - 1)
    this.buckets[index] = (this.buckets[index] as number) + 1
    this.total++
  }

  /** What `share` of the durations do not exceed. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.total)
    for (let index = 0; index < BUCKETS; index++) {
      left -= this.buckets[index] as number
      if (left <= 0) return SMALLEST * 2 ** (index / PER_DOUBLING)
    }
    return Number.NaN
  }
}
