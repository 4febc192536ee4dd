import { constants } from 'node:os'

/**
 * Runs a program: what it fails with is said without a stack, and makes its exit code 1.
 *
 * Who interrupts it ends it by way of `process.exit`, so that the process that is measured ends with it, and the folder
 * of the build is removed.
 */
export async function runAsProgram(run: () => Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.error(`\nended by ${signal}`)
      process.exit(128 + constants.signals[signal])
    })
  }
  try {
    await run()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
