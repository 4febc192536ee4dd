import { fileURLToPath } from 'node:url'

/** What is to be done. */
export interface Arguments {
  readonly folder: string
  /** How many words to show: at least 1. */
  readonly top: number
  readonly isJson: boolean
  /** Whether only to say how the program is used. */
  readonly isHelp: boolean
}

/** The arguments were wrong; the message says what was expected, and what came. */
export class UsageError extends Error {}

/** How the program is used. */
export const usage = `Counts the words of all text files under a folder.

  npm start -- [FOLDER] [--top N] [--json]

  FOLDER     where to look; without it, this project's own node_modules
  --top N    show the N most frequent words (default: 20)
  --json     print one JSON object and nothing else
`

/** Reads the arguments that stand behind the program's name. */
export function parseArguments(given: readonly string[]): Arguments {
  const folders: string[] = []
  let top = 20
  let isJson = false
  let isHelp = false
  let areOptionsOver = false
  const rest = [...given]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (areOptionsOver || !argument.startsWith('-')) folders.push(argument)
    else if (argument === '--') areOptionsOver = true
    else if (argument === '--json') isJson = true
    else if (argument === '--help' || argument === '-h') isHelp = true
    else if (argument === '--top') top = parseTop(rest.shift())
    else if (argument.startsWith('--top=')) top = parseTop(argument.slice('--top='.length))
    else throw new UsageError(`expected --top N or --json, got: ${quoted(argument)}`)
  }
  if (folders.length > 1) throw new UsageError(`expected one folder, got: ${folders.map(quoted).join(' ')}`)
  return { folder: folders[0] ?? ownNodeModules(), top, isJson, isHelp }
}

function parseTop(given: string | undefined): number {
  const top = Number(given)
  if (given !== undefined && /^\d+$/.test(given) && Number.isSafeInteger(top) && top > 0) return top
  const got = given === undefined ? 'nothing' : quoted(given)
  throw new UsageError(`expected --top to be followed by a whole number of at least 1, got: ${got}`)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function ownNodeModules(): string {
  return fileURLToPath(new URL('../../node_modules', import.meta.url))
}
