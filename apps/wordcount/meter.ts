/**
 * Counts the progress of all stages, to be shown while the program runs.
 *
 * Each number is written by one kind of stage, and no stage reads any. With `call`, each stage would reply at another
 * moment, so the difference between the events that one has emitted and the next has added would mean nothing.
 */
export class Meter {
  /** What the walk has found: pieces, and files and folders that could not be read. */
  found = 0
  /** How many of these the readers have read. */
  read = 0
  /** The events that readers have emitted. */
  emitted = 0
  /** How many of these the counters and the ledger have added. */
  added = 0
  files = 0
  words = 0
}
