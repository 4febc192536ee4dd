import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { OrderedTally, proveOrder, Tally, tallies, total } from '../../bench/work.ts'
import { workloadNames } from '../../bench/workloads.ts'

const bench = fileURLToPath(new URL('../../bench/', import.meta.url))

const implementations = [
  { name: 'genstage', runs: 'runs', workloads: workloadNames },
  { name: 'genstage, supervised', runs: 'supervised', workloads: ['W6'] },
] as const

/** Runs a program of `bench/` from its sources, in which `genstage` means those of the library; answers what it says. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=genstage-source', '--import', 'tsx', `${bench}${program}`, ...args],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '', TSX_TSCONFIG_PATH: `${bench}tsconfig.json` } },
  )
  return stdout
}

describe('what is measured of the library has the count, the sum and the order that are expected', () => {
  const cases = implementations.flatMap(({ name, runs, workloads }) => workloads.map((each) => ({ name, runs, each })))

  test.each(cases)('of $name at $each', { timeout: 60_000 }, async ({ runs, each }) => {
    await expect(run('measure.ts', each, 'genstage', runs, 'prove')).resolves.toBe('')
  })
})

describe('of 64 events at a time', () => {
  const cases = implementations.flatMap(({ name, runs }) => [1, 63].map((long) => ({ name, runs, long })))

  test.each(cases)(
    '$long that take long hold back none of the others in $name',
    { timeout: 60_000 },
    async ({ name, runs, long }) => {
      const figures: unknown = JSON.parse(await run('topics/long-event.ts', name, 'genstage', runs, String(long)))

      expect(figures).toMatchObject([{ value: 20_000 - long }])
    },
  )
})

test('an event that a consumer gets too late is noticed by a proof, and passes while the time is taken', () => {
  expect(tallies()[0]).toBeInstanceOf(Tally)
  proveOrder()
  const [one, two, ...others] = tallies()
  expect(one).toBeInstanceOf(OrderedTally)
  one.addAll([1, 3])
  two.addAll([2])
  expect(total(one, two, ...others).isOrdered).toBe(true)

  one.addAll([2])
  expect(total(one, two, ...others).isOrdered).toBe(false)
})
