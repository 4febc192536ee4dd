import { quote } from '../../base/quote.ts'

/** A command with its options. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'observe'; readonly url: URL; readonly token: string | undefined; readonly isJson: boolean }

/** The arguments are wrong. The message states what was expected and what was received. */
export class UsageError extends Error {}

/** The help text. */
export const usage = `Shows the stages of a program that calls observe().

  genstage observe URL [--token TOKEN] [--json]

  URL             where the program serves its live page: http://127.0.0.1:4040/, or just 4040
  --token TOKEN   the token that observe() was given, if any; or in the variable GENSTAGE_TOKEN
  --json          print one snapshot as JSON and exit
  --help          print this
  --version       print the version of genstage

On a terminal the table is live until Ctrl-C; elsewhere it is printed once.
Exit codes: 0 success, 1 the program cannot be reached, refuses or sends invalid data, 2 wrong arguments, 130 Ctrl-C.
`

/**
 * Reads the arguments after the name of the program.
 *
 * @throws {UsageError} If they are wrong.
 */
export function parseArguments(
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  const positional: string[] = []
  let token = environment.GENSTAGE_TOKEN
  let isJson = false
  const rest = [...given]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--help' || argument === '-h') return { kind: 'help' }
    if (argument === '--version') return { kind: 'version' }
    if (argument === '--json') isJson = true
    else if (argument === '--token') token = expectToken(rest.shift())
    else if (argument.startsWith('--token=')) token = expectToken(argument.slice('--token='.length))
    else if (argument.startsWith('-')) {
      throw new UsageError(`expected --token TOKEN, --json, --help or --version, got: ${quote(argument)}`)
    } else positional.push(argument)
  }
  const [command, address, ...more] = positional
  if (command !== 'observe') {
    throw new UsageError(`expected the command observe, got: ${command === undefined ? 'nothing' : quote(command)}`)
  }
  if (address === undefined || more.length > 0) {
    const got = address === undefined ? 'nothing' : [address, ...more].map(quote).join(' ')
    throw new UsageError(`expected one URL after observe, got: ${got}`)
  }
  const url = parseUrl(address)
  return { kind: 'observe', url, token: url.searchParams.get('token') ?? (token === '' ? undefined : token), isJson }
}

function expectToken(given: string | undefined): string {
  if (given !== undefined && given !== '') return given
  throw new UsageError('expected --token to be followed by a token, got: nothing')
}

function parseUrl(address: string): URL {
  const isPort = /^\d+$/.test(address)
  const text = isPort ? `http://127.0.0.1:${address}/` : /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new UsageError(`expected a URL like http://127.0.0.1:4040/, got: ${quote(address)}`)
}
