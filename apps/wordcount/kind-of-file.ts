/**
 * What a file is: a `'text'` that a person would read, prose or source code; `'binary'`; or `'generated'`, which is
 * text written by a program for programs: minified code, source maps, lockfiles.
 */
export type FileKind = 'text' | 'binary' | 'generated'

/** By so many of its first bytes a file is judged. */
export const headSize = 8 << 10

/** Prose has some five letters to a blank, and code fewer. */
const mostLettersPerBlank = 12
/** What a file may have beyond that: in a few lines one long name weighs much. */
const lettersToSpare = 240

const generatedNames = /\.map$|\.min\.[a-z]+$|\.lock$|-lock\.(?:json|yaml)$/

/** Whether its name says that a file is generated. */
export function hasGeneratedName(path: Buffer): boolean {
  return generatedNames.test(path.toString('latin1'))
}

/** Judges a file by its first bytes. */
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
