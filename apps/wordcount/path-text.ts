import { isUtf8 } from 'node:buffer'

/**
 * A path as text. A file name consists of bytes and need not be UTF-8: if it is not, bytes other than ASCII are written
 * as `\xff`.
 */
export function pathText(path: Buffer): string {
  if (isUtf8(path)) return path.toString()
  return path.toString('latin1').replaceAll(/[\x80-\xff]/g, escaped)
}

/**
 * A text on one line that is safe to print to a terminal: control characters, as file names may contain, are escaped.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escaped)
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number
  if (character === '\n') return '\\n'
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}
