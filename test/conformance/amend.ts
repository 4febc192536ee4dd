import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type AmendedRecord, differencesFile, readDifferences, vectorsFile } from './differences.ts'
import { firstFailure, mannersFor } from './judge.ts'
import { readScenarios } from './read-scenarios.ts'
import { type Manner, record } from './replay.ts'
import type { Scenario } from './scenario.ts'

// The command line: npm run conformance:amend -- --decision HEADING --reason SENTENCE NAME…
//
// Replays recorded scenarios and writes what comes of them into differences.json, in place of an amended record that is
// there already. It prints what changes. Whether the new record is right is for a person to judge.

/** Under how many shuffled schedules an amended record must hold to be marked `any`. */
const schedules = 50
/** How it must hold besides. */
const later: readonly Manner[] = [{ timing: 'microtask' }, { timing: 'macrotask' }]

const { values, positionals } = parseArgs({
  options: { decision: { type: 'string' }, reason: { type: 'string' } },
  allowPositionals: true,
})
const recorded = new Map((await readScenarios(vectorsFile)).map((scenario) => [scenario.name, scenario]))
const entries = new Map((await readDifferences()).map((entry) => [entry.scenario.name, entry]))

for (const name of positionals) {
  const scenario = recorded.get(name)
  const { decision = entries.get(name)?.decision, reason = entries.get(name)?.reason } = values
  if (scenario === undefined) complain(`${name}: there is no such scenario in vectors.json`)
  else if (decision === undefined || reason === undefined) complain(`${name}: expected --decision and --reason`)
  else await amendOne(scenario, decision, reason)
}
const inOrder = [...recorded.keys()].flatMap((name): AmendedRecord[] => {
  const entry = entries.get(name)
  return entry === undefined ? [] : [entry]
})
const lines = inOrder.map((entry) => JSON.stringify(entry))
await writeFile(differencesFile, lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`)

async function amendOne(scenario: Scenario, decision: string, reason: string): Promise<void> {
  const { name } = scenario
  const difference = await firstFailure(scenario, [{}])
  if (difference === undefined) {
    entries.delete(name)
    process.stdout.write(`${name} is as recorded: it needs no amended record\n\n`)
    return
  }
  const amended = await record(scenario)
  process.stdout.write(`${difference}\n\n`)
  const shuffled: readonly Manner[] = mannersFor(amended, schedules)
  const isSteady = (await firstFailure(amended, [...shuffled, ...later])) === undefined
  if (!isSteady) process.stdout.write(`${name}: the new record depends on the order of turns\n\n`)
  entries.set(name, { reason, decision, scenario: isSteady ? amended : { ...amended, schedule: 'fifo' } })
}

function complain(message: string): void {
  process.stderr.write(`amend: ${message}\n`)
  process.exitCode = 1
}
