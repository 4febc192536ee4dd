import { posix } from 'node:path'
import { layerOf } from './layers.ts'
import { librarySources, type ProjectFile, type Rule } from './project-file.ts'

/** The tests that have no file of their name, each with what it proves. The key is the layer and the name. */
const tablePath = 'test/tidy/tests-without-source.json'

/** Folders of `test/` that stand for no layer: they test the whole, or the repository. */
const foldersOfTheWhole: readonly string[] = [
  'bench',
  'browser',
  'conformance',
  'docs',
  'examples',
  'programs',
  'promises',
  'runtimes',
  'soak',
  'tidy',
  'types',
]

/** A test of a layer bears the name of a file of this layer, in any room, or is listed with what it proves. */
export const testsHaveTheirSource: Rule = (files) => {
  const table = readTable(files)
  const sources = new Set(librarySources(files).map(({ path }) => keyOf(path)))
  const tests = files.filter(({ path }) => /^test\/.*\/[^/]*\.test\.ts$/.test(path))
  const keys = new Set(tests.map(({ path }) => keyOf(sourceLike(path))))
  return [
    ...tests.flatMap(({ path }) => judge(path, sources, table)),
    ...Object.entries(table).flatMap(([key, proves]) => judgeEntry(key, proves, sources, keys)),
  ]
}

function judge(path: string, sources: ReadonlySet<string>, table: Readonly<Record<string, string>>): string[] {
  const folder = path.split('/')[1] ?? ''
  if (foldersOfTheWhole.includes(folder)) return []
  if (layerOf(sourceLike(path)) === undefined) {
    return [`${path}: ${folder} is no layer of src: move the test, or name the folder in test/tidy/tests.ts`]
  }
  const key = keyOf(sourceLike(path))
  if (sources.has(key) || Object.hasOwn(table, key)) return []
  return [
    `${path}: has no ${posix.basename(sourceLike(path))} in src/${posix.dirname(key)}: rename the test after the file ` +
      `that it tests, or write into ${tablePath} what '${key}' proves`,
  ]
}

function judgeEntry(key: string, proves: string, sources: ReadonlySet<string>, tests: ReadonlySet<string>): string[] {
  if (!tests.has(key)) return [`${tablePath}: there is no test '${key}': remove or rename the entry`]
  if (sources.has(key)) return [`${tablePath}: '${key}' has a file of its name in src: remove the entry`]
  if (/^[A-Z].*\.$/.test(proves)) return []
  return [`${tablePath}: '${key}' is listed without a reason: write in one sentence what the test proves`]
}

/** The path that a test's file would have: `test/stage/a.test.ts` stands for `src/stage/a.ts`. */
function sourceLike(path: string): string {
  return path.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '.ts')
}

/** Rooms are left out, so that a file may move from one to another: `stage/buffer`. */
function keyOf(path: string): string {
  return `${layerOf(path) ?? ''}/${posix.basename(path, '.ts')}`
}

function readTable(files: readonly ProjectFile[]): Readonly<Record<string, string>> {
  const table = files.find(({ path }) => path === tablePath)
  return table === undefined ? {} : (JSON.parse(table.text) as Record<string, string>)
}
