import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A whole number of 1 or more. */
export function countIn(text: string, flag: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`expected ${flag} to be a whole number of 1 or more, got: ${text}`)
}

/** A number above 0. */
export function amountIn(text: string, flag: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new Error(`expected ${flag} to be a number above 0, got: ${text}`)
}

/** Those of the known names that are wanted, each once, in the order in which they are wanted; all, if none is. */
export function chosenFrom<Name extends string>(wanted: readonly string[], known: readonly Name[]): readonly Name[] {
  const found = wanted.map((each) => {
    const name = known.find((one) => one === each)
    if (name === undefined) throw new Error(`expected some of ${known.join(' ')}, got: ${each}`)
    return name
  })
  return [...new Set(found)]
}

/** Those whose names begin like one of `wanted`, which are set apart by commas: each once; `all` and `none` say so. */
export function beginningLike<Named extends { readonly name: string }>(
  wanted: string,
  known: readonly Named[],
  flag: string,
): readonly Named[] {
  if (wanted === 'all') return known
  if (wanted === 'none') return []
  const beginnings = wanted.split(',').map((each) => each.trim().toLowerCase())
  const beginsLike = (beginning: string, { name }: Named): boolean => name.toLowerCase().startsWith(beginning)
  for (const beginning of beginnings) {
    if (beginning !== '' && known.some((each) => beginsLike(beginning, each))) continue
    const names = known.map(({ name }) => name).join('; ')
    throw new Error(`expected ${flag} to be all, none, or beginnings of: ${names}; got: ${beginning || 'nothing'}`)
  }
  return known.filter((each) => beginnings.some((beginning) => beginsLike(beginning, each)))
}

/** The name of a file that is to be made in a folder of ours, without its ending. */
export function fileNameIn(text: string, flag: string): string {
  if (/^[\w-][\w.-]*$/.test(text)) return text
  throw new Error(`expected ${flag} to be a name of letters, digits, dots, dashes and underscores, got: ${text}`)
}

/** A folder that has such a file; `what` says what folder that is. */
export function folderWith(file: string, folder: string, flag: string, what: string): string {
  if (existsSync(join(folder, file))) return folder
  throw new Error(`expected ${flag} to be ${what}, with ${file} in it, got: ${folder}`)
}
