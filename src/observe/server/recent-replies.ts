/** A reply that takes longer to make is kept, in milliseconds. */
const QUICK = 20
/** A reply is used again for this many times the duration of making it. */
const REUSE = 20

/**
 * Keeps replies that took long to make because they run user code.
 *
 * A reply that is requested again soon is sent again. So all clients together take at most a twentieth of a program's
 * time.
 */
export class RecentReplies {
  private readonly now: () => number
  private readonly kept = new Map<string, { readonly text: string; readonly until: number }>()

  /** @param now A clock, in milliseconds. */
  constructor(now: () => number) {
    this.now = now
  }

  /** The reply that is kept by this name, or else the result of `make`; `undefined` is not kept. */
  of(name: string, make: () => string | undefined): string | undefined {
    const began = this.now()
    for (const [other, { until }] of this.kept) if (until <= began) this.kept.delete(other)
    const known = this.kept.get(name)
    if (known !== undefined) return known.text
    const text = make()
    const ended = this.now()
    const took = ended - began
    if (text !== undefined && took > QUICK) this.kept.set(name, { text, until: ended + REUSE * took })
    return text
  }
}
