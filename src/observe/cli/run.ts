import { version } from '../../base/version.ts'
import { type Command, parseArguments, UsageError, usage } from './arguments.ts'
import { ObserveError, readSnapshot } from './client.ts'
import { printable, printableJson } from './printable.ts'
import { type Output, printOnce, watch } from './watch.ts'

/** What a program is run with. */
interface CliEnvironment {
  readonly stdout: Output
  readonly stderr: Output
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** How long a program is waited for, in milliseconds. Default: 10,000. */
  readonly patience?: number
}

const PATIENCE = 10_000

/** What shells expect of a program. */
const exitCodes = { well: 0, failed: 1, misused: 2, interrupted: 130 } as const

/** Runs the program, and answers its exit code. */
export async function run(given: readonly string[], around: CliEnvironment): Promise<number> {
  const { stdout, stderr, signal } = around
  try {
    await carryOut(parseArguments(given, around.environment), around)
    return signal.aborted ? exitCodes.interrupted : exitCodes.well
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted
    if (error instanceof UsageError) {
      stderr.write(`genstage: ${printable(error.message)}\n\n${usage}`)
      return exitCodes.misused
    }
    if (!(error instanceof ObserveError)) throw error
    stderr.write(`genstage: ${printable(error.message)}\n`)
    return exitCodes.failed
  }

  async function carryOut(command: Command, { environment, patience = PATIENCE }: CliEnvironment): Promise<void> {
    if (command.kind === 'help') stdout.write(usage)
    else if (command.kind === 'version') stdout.write(`${version}\n`)
    else {
      const address = { url: command.url, token: command.token, patience }
      if (command.isJson) stdout.write(`${printableJson(await readSnapshot(address, signal))}\n`)
      else if (stdout.isTTY !== true) await printOnce(address, stdout, signal)
      else await watch(address, stdout, (environment.NO_COLOR ?? '') === '', signal)
    }
  }
}
