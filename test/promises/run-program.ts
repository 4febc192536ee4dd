import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What became of a program. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that runs, from the sources. */
export interface RunningProgram {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves once it has ended by itself, or was killed because it had not within a minute. */
  readonly ended: Promise<Outcome>
}

/** Starts a program of the folder `programs`, with what follows its name as its arguments. */
export function startProgram(
  program: string,
  parameters: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): RunningProgram {
  const path = fileURLToPath(new URL(`./programs/${program}`, import.meta.url))
  const options = ['--conditions=genstage-source', '--import', 'tsx', ...nodeOptions, path, ...parameters]
  const child = spawn(process.execPath, options, { timeout: 60_000, killSignal: 'SIGKILL' })
  const ended = new Promise<Outcome>((resolve) => {
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => (stdout += text))
    child.stderr.on('data', (text) => (stderr += text))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, ended }
}

/** Runs a program of the folder `programs` to its end. */
export function runProgram(
  program: string,
  parameters?: readonly string[],
  nodeOptions?: readonly string[],
): Promise<Outcome> {
  return startProgram(program, parameters, nodeOptions).ended
}
