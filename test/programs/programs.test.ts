import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// The twelve programs on which the API was tried. That they compile is held by `npm run types`.
const folder = fileURLToPath(new URL('.', import.meta.url))

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(program: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const parameters = ['--conditions=genstage-source', '--import', 'tsx', `${folder}${program}`]
    const child = execFile(process.execPath, parameters, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

/** For stages whose output may interleave: what is printed, whatever the order. */
const inAnyOrder = (...expected: string[]) => {
  return (lines: readonly string[]) => expect([...lines].sort()).toEqual([...expected].sort())
}

const expectations: Record<string, (lines: readonly string[]) => void> = {
  '01-seed.ts': (lines) => {
    expect(lines[0]).toBe('500 0')
    expect(lines.length).toBeGreaterThanOrEqual(1)
    for (const line of lines) expect(line).toMatch(/^500 (0|\d+000)$/)
    expect(new Set(lines).size).toBe(lines.length)
  },
  '02-queue-broadcaster.ts': inAnyOrder('1 hello world', '2 hello world', '3 hello world', '4 hello world', 'ok'),
  '03-rate-limiter.ts': (lines) => {
    const printed = lines.join('').replaceAll(/\s/g, '')
    expect(printed).toMatch(/^\[0,1,2,3,4,5,6,7,8,9\](\[10,11,12,13,14,15,16,17,18,19\]|$)/)
  },
  '04-partitions.ts': inAnyOrder('number'),
  '05-two-producers.ts': inAnyOrder('1.0', '2.0', '3.0', 'A', 'B'),
  '06-calls-and-casts.ts': (lines) => expect(lines).toEqual(["0 undefined 7 { id: 8, run: 'y' }"]),
  // The broadcast's second subscriber comes after what the first one asked for, and sees nothing of it.
  '07-async-setup.ts': (lines) => expect(lines).toEqual(["[ 'row 0', 'row 1', 'row 2' ]"]),
  '08-consumer-supervisor.ts': inAnyOrder('fetched a', 'fetched b', 'fetched c'),
  '09-stream.ts': (lines) => expect(lines).toEqual(['1.0', '2.0', '3.0', 'A']),
  '10-custom-dispatcher.ts': (lines) => {
    expect(new Set(lines)).toEqual(new Set(['5']))
  },
  '11-supervisor.ts': (lines) => {
    expect(lines[0]).toBe('500 0')
    for (const line of lines) expect(line).toMatch(/^500 (0|1000)$/)
  },
  '12-class-as-callbacks.ts': (lines) => expect(lines).toEqual(['0']),
}

/** Programs in which stages fail on purpose, as their log shows. */
const failing = new Set(['11-supervisor.ts'])

// They wait a few milliseconds and then end, however far they came on a busy machine.
describe('the programs', { retry: 2 }, () => {
  test.each(Object.entries(expectations))('%s prints what is expected and exits with code 0', async (name, check) => {
    const { code, stdout, stderr } = await run(name)
    expect({ code, stderr: failing.has(name) ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    check(stdout.trimEnd().split('\n'))
  })

  test('are all run', async () => {
    const programs = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    expect(programs.sort()).toEqual(Object.keys(expectations).sort())
  })
})
