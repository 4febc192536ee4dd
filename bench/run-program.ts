import { execFile } from 'node:child_process'

/** Longer than any run takes, in milliseconds. */
const PATIENCE = 300_000

/**
 * Runs a program, one after the other, and answers what it printed.
 *
 * Waits without blocking: whoever interrupts the benchmark interrupts it at once.
 *
 * @throws {Error} If it fails, with what it complained of.
 */
export function runProgram(what: string, file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { encoding: 'utf8', timeout: PATIENCE }, (error, stdout, stderr) => {
      process.off('exit', kill)
      if (error === null) resolve(stdout)
      else reject(new Error(`${what} failed: ${stderr === '' ? error.message : stderr}`))
    })
    const kill = (): void => {
      child.kill()
    }
    process.once('exit', kill)
  })
}
