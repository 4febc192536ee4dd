import { constants } from 'node:buffer'

/** Where letters are kept at first, and to where the table shrinks again after a very long word. */
const usualRoom = 1 << 20
const usualSlots = 1 << 12

const lowerA = 97
const lowerZ = 122
/** The bit by which a small letter differs from the capital one. */
const smallLetter = 0x20

// FNV-1a, a hash that takes one letter at a time, so that it is ready when the word is.
const hashSeed = 0x811c9dc5
const hashPrime = 0x01000193

/** A word, lower-cased, and how many times it came. */
export type WordCount = readonly [word: string, count: number]

/**
 * Counts the words in a text that comes in chunks of bytes. A word is a maximal run of ASCII letters, lower-cased.
 *
 * Most words of a text have come before, so none is made a string until the counts are taken: each letter goes to the
 * end of `letters`, and a word that turns out to be known is taken away from there again. A word that is cut by the end
 * of a chunk simply lies there unfinished until the next chunk comes.
 *
 * ```text
 *   letters   t h e q u i c k f o x t h
 *   starts    0     3         8     11      the words before `wordStart` are known, "th" is under way
 * ```
 */
export class WordTable {
  private letters = Buffer.allocUnsafeSlow(usualRoom)
  /** Where the word under way begins; everything before belongs to known words. */
  private wordStart = 0
  /** Where the next letter goes; above `wordStart` only inside a word. */
  private end = 0
  /** The hash of the word under way, so far. */
  private hash = hashSeed
  /** How many words are known. */
  private known = 0
  /** Where each known word begins in `letters`. It ends where the next one begins, the last one at `wordStart`. */
  private starts = new Int32Array(usualSlots / 2 + 1)
  private hashes = new Int32Array(usualSlots / 2)
  private counts = new Int32Array(usualSlots / 2)
  /** Finds words by their hash: 1 + the index of a known word, or 0 for none. A power of two, at most half full. */
  private slots = new Int32Array(usualSlots)

  /** Whether the text so far ends with a letter: then the word may go on in the next chunk. */
  get isInsideWord(): boolean {
    return this.end > this.wordStart
  }

  /**
   * Counts on, with the next bytes of the text.
   *
   * @throws {RangeError} If there is a word that is longer than a string can be, some 500 million letters.
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

  /** The text is at its end, and so is the word under way, if there is one. */
  finish(): void {
    if (this.isInsideWord) this.count(this.end, this.hash)
    this.end = this.wordStart
    this.hash = hashSeed
  }

  /**
   * Answers what was counted, each word once, in as many parts as asked for, and forgets it.
   *
   * Which part a word is in depends on the word alone, and is the same in every table.
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

  /** Forgets everything. */
  clear(): void {
    this.slots.fill(0)
    this.known = 0
    this.wordStart = 0
    this.end = 0
    this.hash = hashSeed
    if (this.letters.length > usualRoom) this.letters = Buffer.allocUnsafeSlow(usualRoom)
  }

  /** The word under way is finished: it ends at `end`. */
  private count(end: number, hash: number): void {
    const { slots, hashes, counts } = this
    const mask = slots.length - 1
    let slot = hash & mask
    for (let entry = slots[slot] as number; entry !== 0; entry = slots[slot] as number) {
      const index = entry - 1
      if (hashes[index] === hash && this.isWordUnderWay(index, end)) {
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

  private isWordUnderWay(index: number, end: number): boolean {
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
      throw new RangeError(`it holds a word of more than ${constants.MAX_STRING_LENGTH} letters`)
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

/** How many letters there are before the first byte that is none. */
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
