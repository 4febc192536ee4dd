import { constants } from 'node:buffer'

/** The initial size of `letters`, to which the table shrinks again after a very long word. */
const initialRoom = 1 << 20
const initialSlots = 1 << 12

const lowerA = 97
const lowerZ = 122
/** The bit in which a lower-case letter differs from its capital. */
const smallLetter = 0x20

// FNV-1a, a hash that is computed letter by letter, so that it is complete when the word is.
const hashSeed = 0x811c9dc5
const hashPrime = 0x01000193

/** A word in lower case, and the number of its occurrences. */
export type WordCount = readonly [word: string, count: number]

/**
 * Counts the words in a text that arrives in chunks of bytes. A word is a maximal run of ASCII letters, in lower case.
 *
 * Most words of a text have occurred before, so words become strings only when the counts are taken: each letter is
 * appended to `letters`, and a word that turns out to be known is removed from there again. A word that is cut by the
 * end of a chunk stays there unfinished until the next chunk arrives.
 *
 * ```text
 *   letters   t h e q u i c k f o x t h
 *   starts    0     3         8     11      the words before `wordStart` are known, "th" is the current word
 * ```
 */
export class WordTable {
  private letters = Buffer.allocUnsafeSlow(initialRoom)
  /** Where the current word begins; everything before it belongs to known words. */
  private wordStart = 0
  /** Where the next letter is written; greater than `wordStart` only inside a word. */
  private end = 0
  /** The hash of the current word so far. */
  private hash = hashSeed
  /** The number of known words. */
  private known = 0
  /** Where each known word begins in `letters`. It ends where the next one begins; the last one ends at `wordStart`. */
  private starts = new Int32Array(initialSlots / 2 + 1)
  private hashes = new Int32Array(initialSlots / 2)
  private counts = new Int32Array(initialSlots / 2)
  /** Maps hashes to words: 1 + the index of a word, or 0 for none. The size is a power of two; at most half is used. */
  private slots = new Int32Array(initialSlots)

  /** Whether the text so far ends with a letter: the word may then continue in the next chunk. */
  get isInsideWord(): boolean {
    return this.end > this.wordStart
  }

  /**
   * Counts the words in the next bytes of the text.
   *
   * @throws {RangeError} If a word is longer than a string can be, some 500 million letters.
   */
  add(bytes: Uint8Array): void {
    this.makeRoom(bytes.length)
    const { letters } = this
    let { end, hash, wordStart } = this
    for (let index = 0; index < bytes.length; index++) {
      const letter = (bytes[index] as number) | smallLetter
      if (letter >= lowerA && letter <= lowerZ) {
        letters[end++] = letter
        hash = Math.imul(hash ^ letter, hashPrime)
      } else if (end > wordStart) {
        this.count(end, hash)
        wordStart = this.wordStart
        end = wordStart
        hash = hashSeed
      }
    }
    this.end = end
    this.hash = hash
  }

  /** Ends the text, and the current word if there is one. */
  finish(): void {
    if (this.isInsideWord) this.count(this.end, this.hash)
    this.end = this.wordStart
    this.hash = hashSeed
  }

  /**
   * Returns the counts, each word once, in the given number of parts, and clears the table.
   *
   * The part of a word depends only on the word, and is the same in every table.
   */
  take(parts: number): WordCount[][] {
    const taken: WordCount[][] = Array.from({ length: parts }, () => [])
    this.starts[this.known] = this.wordStart
    for (let index = 0; index < this.known; index++) {
      const word = this.letters.toString('latin1', this.starts[index], this.starts[index + 1])
      const part = ((this.hashes[index] as number) >>> 0) % parts
      taken[part]?.push([word, this.counts[index] as number])
    }
    this.clear()
    return taken
  }

  /** Removes all words. */
  clear(): void {
    this.slots.fill(0)
    this.known = 0
    this.wordStart = 0
    this.end = 0
    this.hash = hashSeed
    if (this.letters.length > initialRoom) this.letters = Buffer.allocUnsafeSlow(initialRoom)
  }

  /** Counts the current word, which ends at `end`. */
  private count(end: number, hash: number): void {
    const { slots, hashes, counts } = this
    const mask = slots.length - 1
    let slot = hash & mask
    for (let entry = slots[slot] as number; entry !== 0; entry = slots[slot] as number) {
      const index = entry - 1
      if (hashes[index] === hash && this.isCurrentWord(index, end)) {
        counts[index] = (counts[index] as number) + 1
        return
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = ++this.known
    const index = this.known - 1
    this.starts[index] = this.wordStart
    hashes[index] = hash
    counts[index] = 1
    this.wordStart = end
    if (this.known * 2 >= slots.length) this.doubleSlots()
  }

  private isCurrentWord(index: number, end: number): boolean {
    const { letters, starts, wordStart } = this
    const start = starts[index] as number
    const nextStart = index + 1 < this.known ? (starts[index + 1] as number) : wordStart
    const length = end - wordStart
    if (nextStart - start !== length) return false
    for (let offset = 0; offset < length; offset++) {
      if (letters[start + offset] !== letters[wordStart + offset]) return false
    }
    return true
  }

  private makeRoom(length: number): void {
    if (this.end - this.wordStart > constants.MAX_STRING_LENGTH) {
      throw new RangeError(`it contains a word of more than ${constants.MAX_STRING_LENGTH} letters`)
    }
    const needed = this.end + length
    if (needed <= this.letters.length) return
    const letters = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.letters.length))
    this.letters.copy(letters, 0, 0, this.end)
    this.letters = letters
  }

  private doubleSlots(): void {
    const size = this.slots.length * 2
    this.starts = enlarged(this.starts, size / 2 + 1)
    this.hashes = enlarged(this.hashes, size / 2)
    this.counts = enlarged(this.counts, size / 2)
    const slots = new Int32Array(size)
    for (let index = 0; index < this.known; index++) {
      let slot = (this.hashes[index] as number) & (size - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (size - 1)
      slots[slot] = index + 1
    }
    this.slots = slots
  }
}

/** The number of letters before the first byte that is not a letter. */
export function lettersAtStart(bytes: Uint8Array): number {
  let count = 0
  while (count < bytes.length && isLetter(bytes[count] as number)) count++
  return count
}

function isLetter(byte: number): boolean {
  const letter = byte | smallLetter
  return letter >= lowerA && letter <= lowerZ
}

function enlarged(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length)
  larger.set(array)
  return larger
}
