import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOfDocstrings, blocksOfMarkdown } from './blocks.ts'
import { documents, projectFiles, sources } from './documents.ts'
import { type Example, examplesOf, outputPattern } from './examples.ts'
import { compileExamples, type ExampleProject, projectOf, runExample, runTogether } from './run-example.ts'

// All examples work: README.md in this folder describes how they are written, and how they are tested here.

// The pages under docs/reference/api/ show the examples of the docstrings once more.
const readings = [
  ...documents
    .filter(({ path }) => !path.startsWith('docs/reference/api/'))
    .map(({ path, text }) => examplesOf(blocksOfMarkdown(path, text))),
  ...sources.map(({ path, text }) => examplesOf(blocksOfDocstrings(path, text))),
]
const examples = readings.flatMap((reading) => reading.examples)
const examplesRun = examples.filter(({ notRun }) => notRun === undefined)
// Those that only assert share a process, which is much cheaper than one for each.
const together = examplesRun.filter(({ place, printed, isEndless, isDropping }) => {
  return place.startsWith('src/') && printed === undefined && !isEndless && !isDropping
})
let project: ExampleProject

beforeAll(async () => {
  project = await projectOf(examples)
})

afterAll(() => rm(project.folder, { recursive: true, force: true }))

test('the blocks of documents and docstrings follow the conventions', () => {
  expect(readings.flatMap(({ complaints }) => complaints)).toEqual([])
})

test('README and docstrings have examples', () => {
  const places = examples.map(({ place }) => place)
  expect(places).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^README\.md:/),
      expect.stringMatching(/^src\/stage\/definition\/factories\.ts:/),
    ]),
  )
})

test('all examples compile', { timeout: 60_000 }, async () => {
  expect((await compileExamples(project)).join('\n')).toBe('')
})

test('the commands that documents show are scripts of the project', () => {
  const { scripts } = JSON.parse(projectFiles.get('package.json') ?? '') as { scripts: Record<string, string> }
  const shown = documents.flatMap(({ path, text }) =>
    blocksOfMarkdown(path, text)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => [...code.join('\n').matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)])
      .map(([, named, short]) => named ?? short ?? ''),
  )
  expect(shown.filter((name) => scripts[name] === undefined)).toEqual([])
})

describe('the examples of docstrings', () => {
  const plant = (name: string, ...lines: string[]): Example => ({
    place: name,
    code: lines.map((text, index) => ({ text, file: name, line: index + 1 })),
    printed: undefined,
    isEndless: false,
    isDropping: false,
    notRun: undefined,
  })
  const good = plant(
    'good',
    "import { consumer, startLink } from 'genstage'",
    'await startLink(consumer({ handleEvents() {} }))',
  )
  const wrong = plant('wrong', "import assert from 'node:assert/strict'", 'assert.equal(1 + 1, 3)')
  const stuck = plant('stuck', 'await new Promise(() => {})')

  test('run', { timeout: 90_000 }, async () => {
    expect(await runTogether(project, together)).toEqual({
      done: together.map(({ place }) => place),
      code: 0,
      stderr: '',
    })
  })

  test.each([
    { planted: wrong, stderr: /2 !== 3[\s\S]*wrong\.ts:2/ },
    { planted: stuck, stderr: /top-level await is pending/ },
  ])('fail where $planted.place fails', async ({ planted, stderr }) => {
    const folder = await projectOf([good, planted])
    const outcome = await runTogether(folder, [good, planted])
    await rm(folder.folder, { recursive: true, force: true })
    expect(outcome).toEqual({ done: ['good'], code: expect.any(Number), stderr: expect.stringMatching(stderr) })
    expect(outcome.code).not.toBe(0)
  })
})

/** What is on stderr where events are dropped on purpose. */
const dropping = expect.stringMatching(/^(.* ended and dropped \d+ events?.*\n)+$/)

describe.concurrent('what an example prints is what is stated', { timeout: 90_000 }, () => {
  test.each(examplesRun.filter((example) => !together.includes(example)))('$place', async (example) => {
    const { code, stdout, stderr } = await runExample(project, example)
    // One that is endless was ended by us, unless it has ended by itself after all.
    const expected = { code: example.isEndless ? undefined : 0, stderr: example.isDropping ? dropping : '' }
    expect({ code, stderr }, stdout).toEqual(expected)
    if (example.printed !== undefined) expect(stdout).toMatch(outputPattern(example.printed, example.isEndless))
  })
})
