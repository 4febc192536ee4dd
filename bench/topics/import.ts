// The CPU time of `import 'genstage'` in a new process, minus that of an empty process.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from '../statistics.ts'
import { report } from './figure.ts'

const PAIRS = 9
/** The folder from which the library can be imported. */
const cwd = fileURLToPath(new URL('.', import.meta.url))
const print = `
const { user, system } = process.cpuUsage()
console.log((user + system) / 1000)`

function cpuTimeOf(program: string): number {
  const args = ['--input-type=module', '--eval', program + print]
  return Number(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }))
}

const empty: number[] = []
const differences: number[] = []
for (let pair = 0; pair < PAIRS; pair++) {
  const base = cpuTimeOf('')
  empty.push(base)
  differences.push(cpuTimeOf("import 'genstage'") - base)
}
report(
  { what: "import 'genstage', CPU time", value: median(differences), unit: 'ms', note: `median of ${PAIRS} pairs` },
  { what: 'an empty process, CPU time', value: median(empty), unit: 'ms' },
)
