/**
 * The kind of a file: a `'text'` for people to read, prose or source code; `'binary'`; or `'generated'`, which is text
 * written by a program for programs: minified code, source maps, lockfiles.
 */
export type FileKind = 'text' | 'binary' | 'generated'

/** The number of bytes at the start of a file that determine its kind. */
export const headSize = 8 << 10

/** Prose has about five letters per blank, and code has fewer. */
const mostLettersPerBlank = 12
/** The number of letters allowed beyond that, because one long name in a short file would exceed the ratio. */
const lettersToSpare = 240

const generatedNames = /\.map$|\.min\.[a-z]+$|\.lock$|-lock\.(?:json|yaml)$/

/** Whether the name of a file shows that it is generated. */
export function hasGeneratedName(path: Buffer): boolean {
  return generatedNames.test(path.toString('latin1'))
}

/** Determines the kind of a file from its first bytes. */
export function kindOfHead(head: Buffer): FileKind {
  if (head.includes(0)) return 'binary'
  let letters = 0
  let blanks = 0
  for (const byte of head) {
    const lowerCase = byte | 0x20
    if (lowerCase >= 0x61 && lowerCase <= 0x7a) letters++
    else if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) blanks++
  }
  return letters > mostLettersPerBlank * blanks + lettersToSpare ? 'generated' : 'text'
}
