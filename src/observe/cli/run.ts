import { version } from '../../base/version.ts'
import { type Command, parseArguments, UsageError, usage } from './arguments.ts'
import { ObserveError, readSnapshot } from './client.ts'
import { printable, printableJson } from './printable.ts'
import { type Output, printOnce, watch } from './watch.ts'

/** The environment of the program. */
interface CliEnvironment {
  readonly stdout: Output
  readonly stderr: Output
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** How long to wait for the observed program, in milliseconds. Default: 10,000. */
  readonly patience?: number
}

const PATIENCE = 10_000

/** The exit codes of the program. */
const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const

/** Runs the program. Resolves with its exit code. */
export async function run(given: readonly string[], around: CliEnvironment): Promise<number> {
  const { stdout, stderr, signal } = around
  try {
    await execute(parseArguments(given, around.environment), around)
    return signal.aborted ? exitCodes.interrupted : exitCodes.success
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted
    if (error instanceof UsageError) {
      stderr.write(`genstage: ${printable(error.message)}\n\n${usage}`)
      return exitCodes.usage
    }
    if (!(error instanceof ObserveError)) throw error
    stderr.write(`genstage: ${printable(error.message)}\n`)
    return exitCodes.failure
  }

  async function execute(command: Command, { environment, patience = PATIENCE }: CliEnvironment): Promise<void> {
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
