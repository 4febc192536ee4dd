/**
 * Counts what goes by, so that somebody can look on.
 *
 * Each stage adds to numbers of its own, and no stage reads any. They could be asked for by `call` as well; but stages
 * answer when they get to it, each at another moment, and then it would mean nothing what one has given and the next
 * has not taken yet.
 */
export class Meter {
  /** What the walk has come by: pieces, and files and folders that could not be read. */
  found = 0
  /** What readers have done with, out of that. */
  read = 0
  /** What readers have emitted. */
  given = 0
  /** What counters and the ledger have added up, out of that. */
  taken = 0
  files = 0
  words = 0
}
