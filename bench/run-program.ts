import { execFile } from 'node:child_process'

/** Longer than any run takes, in milliseconds. */
const PATIENCE = 300_000

/**
 * Runs a program, one after the other, and answers what it printed; `env` is added to the environment.
 *
 * Waits without blocking: whoever interrupts the benchmark interrupts it at once.
 *
 * @throws {Error} If it fails, with what it complained of.
 */
export function runProgram(
  what: string,
  file: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'utf8', timeout: PATIENCE, env: { ...process.env, ...env } } as const
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      process.off('exit', kill)
      if (error === null) resolve(stdout)
      else if (error.killed === true) reject(new Error(`${what} failed: not done within ${PATIENCE / 1000} s`))
      else reject(new Error(`${what} failed: ${stderr === '' ? error.message : stderr}`))
    })
    const kill = (): void => {
      child.kill()
    }
    process.once('exit', kill)
  })
}
