import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { areas, buildInto } from './build.ts'
import { runtimesPage, runtimesPath, tableHead } from './page.ts'

// What other runtimes make of these programs `npm run runtimes` tries; here they run on this Node, so that they stay true.
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genstage-areas-'))
  await buildInto(folder)
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(areas)('the built package works as documented on this Node: $name', async ({ name }) => {
  const { stdout } = await promisify(execFile)(process.execPath, [`${name}.js`], { cwd: folder, timeout: 60_000 })
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('ok')
})

test('every program is an area', () => {
  const programs = readdirSync(new URL('areas', import.meta.url)).filter((name) => name !== 'expect-equal.ts')
  expect(programs.sort()).toEqual(areas.map(({ name }) => `${name}.ts`).sort())
})

test('the page on runtimes has a column for each area, and none of them fails; `npm run runtimes` writes it', () => {
  const page = readFileSync(fileURLToPath(new URL(`../../${runtimesPath}`, import.meta.url)), 'utf8')
  expect(page.split('\n')).toContain(tableHead)
  expect(page).not.toContain('**no**')
})

test('a row replaces the one of the same runtime, and the others stay', () => {
  const former = `before\n\n${tableHead}\n| --- |\n| One | 1 |\n| Two | 2 |\n\nafter\n`
  const seen = new Map([
    ['core', 'works'],
    ['node', 'fails'],
  ] as const)
  const page = runtimesPage([{ name: 'Two', version: '3', seen }], former)
  expect(page).toMatch(/\| One \| 1 \|\n\| Two \| 3 \| yes \| –.*\*\*no\*\*.*\|\n\nafter/)
  expect(page).not.toContain('| Two | 2 |')
})
