import { fileURLToPath } from 'node:url'

/** The arguments of the program. */
export interface Arguments {
  readonly folder: string
  /** The number of words to show: at least 1. */
  readonly top: number
  readonly isJson: boolean
  /** The port of the live page, 0 for any free port; `undefined` for no page. */
  readonly observe: number | undefined
  /** The maximum number of pieces of files to count per second; `Infinity` for no limit. */
  readonly pace: number
  /** Whether to print only the usage. */
  readonly isHelp: boolean
}

/** Invalid arguments; the message states what was expected and what was given. */
export class UsageError extends Error {}

/** The text that `--help` prints. */
export const usage = `Counts the words of all prose and source code under a folder.
Skips binary and generated files: minified code, source maps, lockfiles.

  npm start -- [FOLDER] [--top N] [--json] [--observe [PORT]] [--pace N]

  FOLDER             the folder to count (default: this project's node_modules)
  --top N            show the N most frequent words (default: 20)
  --json             print one JSON object and nothing else
  --observe [PORT]   serve a page that shows the running stages (default port: 4040; 0 for any)
  --pace N           count at most N pieces of files per second (default with --observe: 50)
`

/** The port of the page if none is given. */
const defaultPort = 4040
/** Slow enough to follow, in pieces per second. */
const watchablePace = 50

/** Parses the arguments after the program's name. */
export function parseArguments(given: readonly string[]): Arguments {
  const folders: string[] = []
  let top = 20
  let isJson = false
  let isHelp = false
  let observe: number | undefined
  let pace: number | undefined
  let areOptionsOver = false
  const rest = [...given]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (areOptionsOver || !argument.startsWith('-')) folders.push(argument)
    else if (argument === '--') areOptionsOver = true
    else if (argument === '--json') isJson = true
    else if (argument === '--help' || argument === '-h') isHelp = true
    else if (argument === '--top') top = parseCount('--top', rest.shift())
    else if (argument.startsWith('--top=')) top = parseCount('--top', argument.slice('--top='.length))
    else if (argument === '--observe') observe = isNumber(rest[0]) ? parsePort(rest.shift()) : defaultPort
    else if (argument.startsWith('--observe=')) observe = parsePort(argument.slice('--observe='.length))
    else if (argument === '--pace') pace = parseCount('--pace', rest.shift())
    else if (argument.startsWith('--pace=')) pace = parseCount('--pace', argument.slice('--pace='.length))
    else throw new UsageError(`expected --top N, --json, --observe or --pace N, got: ${quoted(argument)}`)
  }
  if (folders.length > 1) throw new UsageError(`expected one folder, got: ${folders.map(quoted).join(' ')}`)
  pace ??= observe === undefined ? Number.POSITIVE_INFINITY : watchablePace
  return { folder: folders[0] ?? ownNodeModules(), top, isJson, isHelp, observe, pace }
}

function parseCount(option: string, given: string | undefined): number {
  const count = Number(given)
  if (isNumber(given) && Number.isSafeInteger(count) && count > 0) return count
  const got = given === undefined ? 'nothing' : quoted(given)
  throw new UsageError(`expected ${option} to be followed by a whole number of at least 1, got: ${got}`)
}

function parsePort(given: string | undefined): number {
  const port = Number(given)
  if (isNumber(given) && port <= 65_535) return port
  throw new UsageError(
    `expected --observe to be followed by a port from 0 to 65535 or none, got: ${quoted(given ?? '')}`,
  )
}

/** Requires only digits, so that a folder whose name begins with a digit is not read as a port. */
function isNumber(given: string | undefined): boolean {
  return given !== undefined && /^\d+$/.test(given)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function ownNodeModules(): string {
  return fileURLToPath(new URL('../../node_modules', import.meta.url))
}
