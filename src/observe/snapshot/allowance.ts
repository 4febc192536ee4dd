/** How much of all values is shown in one snapshot, in characters of its JSON, roughly. */
const MOST_CHARACTERS = 250_000
/** For how long a snapshot may look into values, in milliseconds: getters and proxies may take their time. */
const MOST_MS = 200

/**
 * How much of the values of users may still be shown: one bound, in characters and in time, for all that one snapshot
 * shows, however many stages it has and however their values are nested.
 */
export class Allowance {
  private left: number
  private readonly now: () => number
  /** On the clock of `now`. */
  private readonly deadline: number
  /** What this one is a part of: what is taken here is taken there. */
  private readonly whole: Allowance | undefined

  /** @param now A clock, in milliseconds; one that stands still sets no bound in time. */
  constructor(now: () => number = () => 0, characters: number = MOST_CHARACTERS, whole?: Allowance) {
    this.left = characters
    this.now = now
    this.deadline = whole?.deadline ?? now() + MOST_MS
    this.whole = whole
  }

  /** Whether nothing more may be shown, as there is too much already or it has taken too long. */
  get isSpent(): boolean {
    return this.left <= 0 || this.now() >= this.deadline || (this.whole?.isSpent ?? false)
  }

  /** A part of it, which is spent earlier. */
  part(characters: number): Allowance {
    return new Allowance(this.now, characters, this)
  }

  /** Notes that so much is shown. */
  spend(characters: number): void {
    this.left -= characters
    this.whole?.spend(characters)
  }
}
