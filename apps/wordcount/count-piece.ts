import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type FileKind, hasGeneratedName, headSize, kindOfHead } from './kind-of-file.ts'
import type { Piece } from './walk.ts'
import { lettersAtStart, type WordTable } from './word-table.ts'

// If a file has become a symbolic link since it was found, the link is not followed either.
const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

/**
 * Counts the words of a piece of a file, and returns the kind of the file. If the file is not a `'text'`, or cannot be
 * read, `words` may still contain some of its words.
 *
 * A word belongs to the piece in which it begins. So a piece skips letters at its start if a letter precedes them, and is
 * read beyond its end until the last word is complete. Pieces are therefore independent of each other, and any reader can
 * read any of them at any time.
 *
 * ```text
 *   the qui|ck brown f|ox      three pieces: "the quick" + "brown fox" + ""
 * ```
 *
 * @param chunk Memory to read into; its length is the number of bytes read at once.
 */
export async function countPiece(piece: Piece, words: WordTable, chunk: Buffer): Promise<FileKind> {
  if (hasGeneratedName(piece.path)) return 'generated'
  const file = await open(piece.path, readOnly)
  try {
    // The kind of the first piece is determined while it is counted.
    const kind = piece.start > 0 ? kindOfHead(await read(file, chunk, 0, headSize)) : 'text'
    return kind === 'text' ? await countFrom(file, piece, words, chunk) : kind
  } finally {
    await file.close()
  }
}

async function countFrom(file: FileHandle, { start, end }: Piece, words: WordTable, chunk: Buffer): Promise<FileKind> {
  let isInsideEarlierWord = start > 0
  let position = isInsideEarlierWord ? start - 1 : start
  while (position < end) {
    let bytes = await read(file, chunk, position, end)
    if (bytes.length === 0) break
    if (position < headSize) {
      const kind = kindOfHead(bytes.subarray(0, headSize - position))
      if (kind !== 'text') return kind
    }
    position += bytes.length
    if (isInsideEarlierWord) {
      const letters = lettersAtStart(bytes)
      isInsideEarlierWord = letters === bytes.length
      bytes = bytes.subarray(letters)
    }
    words.add(bytes)
  }
  while (words.isInsideWord) {
    const bytes = await read(file, chunk, position, Number.POSITIVE_INFINITY)
    const letters = lettersAtStart(bytes)
    words.add(bytes.subarray(0, letters))
    if (letters < bytes.length || bytes.length === 0) break
    position += bytes.length
  }
  words.finish()
  return 'text'
}

/** Reads the bytes between two positions, as far as they fit into the chunk; returns none at the end of the file. */
async function read(file: FileHandle, chunk: Buffer, start: number, end: number): Promise<Buffer> {
  const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, end - start), start)
  return chunk.subarray(0, bytesRead)
}
