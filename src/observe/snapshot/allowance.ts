/** The approximate size of all values in one snapshot, in characters of JSON. */
const MOST_CHARACTERS = 250_000
/** How long a snapshot may read values, in milliseconds: getters and proxies may be slow. */
const MOST_MS = 200

/**
 * How much of user-defined values may still be shown.
 *
 * One limit, in characters and in time, applies to a whole snapshot, however many stages it has and however deeply their
 * values are nested.
 */
export class Allowance {
  private remaining: number
  private readonly now: () => number
  /** On the clock of `now`, in milliseconds. */
  private readonly deadline: number
  /** The allowance that this one is a part of: what is used here is used there, too. */
  private readonly outer: Allowance | undefined

  /** @param now A clock, in milliseconds. The default stands still, so there is no limit in time. */
  constructor(now: () => number = () => 0, characters: number = MOST_CHARACTERS, outer?: Allowance) {
    this.remaining = characters
    this.now = now
    this.deadline = outer?.deadline ?? now() + MOST_MS
    this.outer = outer
  }

  /** Whether nothing more may be shown, because too much has been shown or it has taken too long. */
  get isUsedUp(): boolean {
    return this.remaining <= 0 || this.now() >= this.deadline || (this.outer?.isUsedUp ?? false)
  }

  /** Creates a part of it with a smaller limit. */
  part(characters: number): Allowance {
    return new Allowance(this.now, characters, this)
  }

  /** Counts characters that are shown. */
  use(characters: number): void {
    this.remaining -= characters
    this.outer?.use(characters)
  }
}
