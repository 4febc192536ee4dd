import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type FileKind, hasGeneratedName, headSize, kindOfHead } from './kind-of-file.ts'
import type { Piece } from './walk.ts'
import { lettersAtStart, type WordTable } from './word-table.ts'

// Should a file have become a symbolic link since it was found, it is not followed either.
const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

/**
 * Counts the words of a piece of a file; returns what kind of file it is part of. If that is no `'text'`, or cannot be
 * read, there may be something in `words` all the same.
 *
 * A word belongs to the piece in which it begins. So a piece takes no notice of letters at its start if a letter stands
 * before them, and reads on beyond its end until a word that is cut there is complete. That way pieces need not know of
 * each other, and any of them can be read at any time, by anyone.
 *
 * ```text
 *   the qui|ck brown f|ox      three pieces: "the quick" + "brown fox" + ""
 * ```
 *
 * @param chunk Memory to read into; its length is how much is read at once.
 */
export async function countPiece(piece: Piece, words: WordTable, chunk: Buffer): Promise<FileKind> {
  if (hasGeneratedName(piece.path)) return 'generated'
  const file = await open(piece.path, readOnly)
  try {
    // The first piece is judged as it is counted.
    const kind = piece.start > 0 ? kindOfHead(await read(file, chunk, 0, headSize)) : 'text'
    return kind === 'text' ? await countFrom(file, piece, words, chunk) : kind
  } finally {
    await file.close()
  }
}

async function countFrom(file: FileHandle, { start, end }: Piece, words: WordTable, chunk: Buffer): Promise<FileKind> {
  let isInsideForeignWord = start > 0
  let position = isInsideForeignWord ? start - 1 : start
  while (position < end) {
    let bytes = await read(file, chunk, position, end)
    if (bytes.length === 0) break
    if (position < headSize) {
      const kind = kindOfHead(bytes.subarray(0, headSize - position))
      if (kind !== 'text') return kind
    }
    position += bytes.length
    if (isInsideForeignWord) {
      const letters = lettersAtStart(bytes)
      isInsideForeignWord = letters === bytes.length
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

/** Reads what lies between two places, as far as it fits into the chunk; nothing at the end of the file. */
async function read(file: FileHandle, chunk: Buffer, start: number, end: number): Promise<Buffer> {
  const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, end - start), start)
  return chunk.subarray(0, bytesRead)
}
