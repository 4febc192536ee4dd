/** How long a reply may take to make without being kept, in milliseconds. */
const QUICK = 20
/** For how many times as long as it took to make a reply is given again. */
const AGAIN = 20

/**
 * Replies that took long to make, as they run the code of users: asked for again too soon, the same is given, so that
 * clients take up no more than a twentieth of a program's time, however many there are.
 */
export class RecentReplies {
  private readonly now: () => number
  private readonly kept = new Map<string, { readonly text: string; readonly until: number }>()

  /** @param now A clock, in milliseconds. */
  constructor(now: () => number) {
    this.now = now
  }

  /** What there is by this name, or else what `make` returns; `undefined` is not kept. */
  of(name: string, make: () => string | undefined): string | undefined {
    const began = this.now()
    for (const [other, { until }] of this.kept) if (until <= began) this.kept.delete(other)
    const known = this.kept.get(name)
    if (known !== undefined) return known.text
    const text = make()
    const ended = this.now()
    const took = ended - began
    if (text !== undefined && took > QUICK) this.kept.set(name, { text, until: ended + AGAIN * took })
    return text
  }
}
