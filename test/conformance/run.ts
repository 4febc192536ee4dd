import { parseArgs } from 'node:util'
import { amend, vectorsFile } from './differences.ts'
import { firstFailure, mannersFor } from './judge.ts'
import { FormatError, readScenarios } from './read-scenarios.ts'
import type { Scenario } from './scenario.ts'

// The command line: npm run conformance -- [--schedules N] FILE…

const usage = 'npm run conformance -- [--schedules N] FILE…'

/** A wrong argument; the message is one line. */
class UsageError extends Error {}

function readArguments(): { schedules: number | undefined; files: (string | URL)[] } {
  const { values, positionals } = parse()
  return { schedules: readCount(values.schedules), files: positionals.length > 0 ? positionals : [vectorsFile] }
}

function parse() {
  try {
    return parseArgs({ options: { schedules: { type: 'string' } }, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function readCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(count) && count >= 1) return count
  throw new UsageError(`expected --schedules to be an integer of at least 1, got: ${JSON.stringify(text)}`)
}

async function run(): Promise<void> {
  const { schedules, files } = readArguments()
  const scenarios: Scenario[] = []
  for (const file of files) scenarios.push(...(await readScenarios(file)))
  let failed = 0
  for (const scenario of await amend(scenarios)) {
    const failure = await firstFailure(scenario, mannersFor(scenario, schedules))
    if (failure === undefined) continue
    failed += 1
    process.stdout.write(`${failure}\n\n`)
  }
  process.stdout.write(`${scenarios.length - failed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
}

try {
  await run()
} catch (error) {
  if (!(error instanceof FormatError || error instanceof UsageError)) throw error
  const hint = error instanceof UsageError ? ` (usage: ${usage})` : ''
  process.stderr.write(`conformance: ${error.message.replace(/\s+/g, ' ')}${hint}\n`)
  process.exitCode = 2
}
