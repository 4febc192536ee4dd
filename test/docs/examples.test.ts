import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOfDocstrings, blocksOfMarkdown } from './blocks.ts'
import { documents, projectFiles, sources } from './documents.ts'
import { examplesOf, outputPattern } from './examples.ts'
import { compileExamples, type ExampleProject, projectOf, runExample } from './run-example.ts'

// What is shown is true: README.md in this folder says how examples are written, and what becomes of them here.

const readings = [
  ...documents.map(({ path, text }) => examplesOf(blocksOfMarkdown(path, text))),
  ...sources.map(({ path, text }) => examplesOf(blocksOfDocstrings(path, text))),
]
const examples = readings.flatMap((reading) => reading.examples)
let project: ExampleProject

beforeAll(async () => {
  project = await projectOf(examples)
})

afterAll(() => rm(project.folder, { recursive: true, force: true }))

test('the blocks of documents and docstrings are written as the conventions say', () => {
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

/** What is on stderr where events are dropped on purpose. */
const dropping = expect.stringMatching(/^(.* ended and dropped \d+ events?.*\n)+$/)

describe.concurrent('what an example prints is what is stated', { timeout: 90_000 }, () => {
  test.each(examples.filter(({ notRun }) => notRun === undefined))('$place', async (example) => {
    const { code, stdout, stderr } = await runExample(project, example)
    // One that is endless was ended by us, unless it has ended by itself after all.
    const expected = { code: example.isEndless ? undefined : 0, stderr: example.isDropping ? dropping : '' }
    expect({ code, stderr }, stdout).toEqual(expected)
    if (example.printed !== undefined) expect(stdout).toMatch(outputPattern(example.printed, example.isEndless))
  })
})
