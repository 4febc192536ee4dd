import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isEqual } from './compare.ts'
import { readAmended } from './differences.ts'
import { firstFailure, mannersFor } from './judge.ts'
import type { Entry, Scenario, Step } from './scenario.ts'

// A runner that passes everything proves nothing: here records are falsified, and each time it has to notice.

const scenarios = await readAmended()

/** Falsifies one step's record; undefined where the step has nothing to falsify in this way. */
type Alteration = (step: Step) => Step | undefined

const alterations = {
  'an entry dropped': (step) => withLog(step, (entries) => entries.slice(1)),
  'an entry added': (step) => withLog(step, (entries) => [...entries, ['info', 'never sent']]),
  'a repeated entry': (step) => withLog(step, (entries) => [...entries.slice(0, 1), ...entries]),
  'a number changed': (step) => withLog(step, changeNumber),
  'two entries swapped': (step) => withLog(step, swapEntries),
  'a missing stage': ({ expect: { log, ...rest }, ...step }) => {
    const [, ...others] = Object.entries(log)
    const isEmpty = Object.keys(log).length === 0
    return isEmpty ? undefined : { ...step, expect: { ...rest, log: Object.fromEntries(others) } }
  },
  'an extra result': (step) => ('result' in step.expect ? undefined : withResult(step, 'ok')),
  'a changed result': (step) => ('result' in step.expect ? withResult(step, 'exit:oops') : undefined),
  'a result left out': (step) => ('result' in step.expect ? withResult(step, undefined) : undefined),
} satisfies Record<string, Alteration>

describe.each(Object.entries(alterations))('%s', (_title, alteration) => {
  const altered = falsify(alteration)

  test('is found in scenarios of every category that allow it', async () => {
    expect(altered.length).toBeGreaterThan(5)
    for (const { scenario, step } of altered) {
      expect(await firstFailure(scenario, [{}]), scenario.name).toContain(`step ${step}: `)
    }
  })
})

test('a falsified record is found with shuffled schedules, and the message has the seed', async () => {
  const { scenario } = falsifyOne('a number changed', 'any')
  expect(await firstFailure(scenario, mannersFor(scenario, 3))).toContain('shuffled by seed 1')
})

describe('the command line', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'genstage-conformance-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('passes recorded scenarios and fails falsified ones', async () => {
    const { scenario, step } = falsifyOne('an entry dropped')
    const good = await fileOf('good.json', [scenarios[0], scenarios[1]])
    const bad = await fileOf('bad.json', [scenario])

    expect(await run(good)).toMatchObject({ code: 0, lastLine: '2 passed, 0 failed' })
    const { code, stdout, lastLine } = await run(good, bad)
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '2 passed, 1 failed' })
    expect(stdout).toContain(`${scenario.name} (fair schedule)\n  step ${step}: `)
  })

  test('prints the seed of a shuffled replay that fails', async () => {
    const { scenario } = falsifyOne('a changed result', 'any')
    const { code, stdout, lastLine } = await run('--schedules', '2', await fileOf('any.json', [scenario]))
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '0 passed, 1 failed' })
    expect(stdout).toContain('schedule shuffled by seed 1')
  })

  test.each([
    ['an unknown option', ['--schedule', '3']],
    ['no schedules at all', ['--schedules', '0']],
    ['schedules that are no number', ['--schedules', 'many']],
    ['a file that is not there', ['missing.json']],
    ['a folder', [tmpdir()]],
  ])('prints one clear line for %s', async (_title, words) => {
    await expectComplaint(words)
  })

  test.each([
    ['no JSON', 'nonsense'],
    ['no list', '{}'],
    ['no scenario', '[{ "name": "odd", "schedule": "never" }]'],
  ])('prints one clear line for a file that holds %s', async (_title, text) => {
    const file = join(folder, 'odd.json')
    await writeFile(file, text)
    await expectComplaint([file])
  })

  test('fails a scenario that it cannot replay, and replays the others', async () => {
    const [scenario] = scenarios as [Scenario]
    const strange = { ...scenario, steps: [{ op: 'dance', expect: { log: {} } }] }
    const { code, stdout, lastLine } = await run(await fileOf('strange.json', [strange, scenario]))
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '1 passed, 1 failed' })
    expect(stdout).toContain('unknown op "dance"')
  })

  async function fileOf(name: string, content: unknown): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, JSON.stringify(content))
    return file
  }
})

async function expectComplaint(words: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(...words)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^conformance: [^\n]+\n$/)
}

async function run(...words: string[]): Promise<{ code: number; stdout: string; stderr: string; lastLine: string }> {
  const runner = fileURLToPath(new URL('./run.ts', import.meta.url))
  const command = ['--conditions=genstage-source', '--import', 'tsx', runner, ...words]
  const { code, stdout, stderr } = await promisify(execFile)(process.execPath, command).then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  return { code, stdout, stderr, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' }
}

/** Per category the first scenario that can be altered in this way, and in which step (from 1) it is. */
function falsify(alteration: Alteration, schedule?: Scenario['schedule']): { scenario: Scenario; step: number }[] {
  const found = new Map<string, { scenario: Scenario; step: number }>()
  for (const scenario of scenarios) {
    if (found.has(scenario.category) || (schedule ?? scenario.schedule) !== scenario.schedule) continue
    const altered = scenario.steps.map(alteration)
    const index = altered.findIndex((step) => step !== undefined)
    if (index < 0) continue
    const steps = scenario.steps.map((step, position) => (position === index ? (altered[position] ?? step) : step))
    found.set(scenario.category, { scenario: { ...scenario, steps }, step: index + 1 })
  }
  return [...found.values()]
}

function falsifyOne(
  title: keyof typeof alterations,
  schedule?: Scenario['schedule'],
): { scenario: Scenario; step: number } {
  const [first] = falsify(alterations[title], schedule)
  if (first === undefined) throw new Error(`no scenario allows ${title}`)
  return first
}

/** The step with the first log changed that the change applies to. */
function withLog(step: Step, change: (entries: readonly Entry[]) => readonly Entry[] | undefined): Step | undefined {
  for (const [stage, entries] of Object.entries(step.expect.log)) {
    const changed = change(entries)
    if (changed === undefined) continue
    return { ...step, expect: { ...step.expect, log: { ...step.expect.log, [stage]: changed } } }
  }
  return undefined
}

function withResult(step: Step, result: unknown): Step {
  return { ...step, expect: { ...step.expect, result } }
}

function changeNumber(entries: readonly Entry[]): readonly Entry[] | undefined {
  const index = entries.findIndex((entry) => entry.flat().some((value) => typeof value === 'number'))
  return index < 0 ? undefined : entries.map((entry, position) => (position === index ? raise(entry) : entry))
}

/** The entry with its last number, also one in a list, raised by 1. */
function raise(entry: Entry): Entry {
  const last = entry.at(-1)
  return [...entry.slice(0, -1), Array.isArray(last) ? raise(last) : Number(last) + 1]
}

function swapEntries(entries: readonly Entry[]): readonly Entry[] | undefined {
  const index = entries.findIndex((entry, position) => position > 0 && !isEqual(entry, entries[position - 1]))
  return index < 0
    ? undefined
    : entries.with(index, entries[index - 1] as Entry).with(index - 1, entries[index] as Entry)
}
