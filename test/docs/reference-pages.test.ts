import { expect, test } from 'vitest'
import { apiFolder, entryPoints, errorsPath, expectedPages } from '../../scripts/reference/entry-points.ts'
import { existingPages } from '../../scripts/reference/page-files.ts'
import { documentText, projectFiles, sources } from './documents.ts'

// Comparing the pages with the docstrings takes the compiler, so `npm run docs -- --check` does it in `.ci/run`.

test('every export has a page, and every page an export; `npm run docs` writes them', () => {
  const expected = entryPoints.flatMap((entry) => expectedPages(entry, projectFiles.get(entry.file) ?? ''))
  expect(existingPages()).toEqual([`${apiFolder}/README.md`, ...expected].sort())
})

test('the overview leads to every page', () => {
  const overview = documentText(`${apiFolder}/README.md`)
  const missing = existingPages().filter((path) => !overview.includes(`](${path.slice(apiFolder.length + 1)})`))
  expect(missing).toEqual([`${apiFolder}/README.md`])
})

test('every error code is on the page of errors, with what to do about it', () => {
  const page = documentText(errorsPath)
  const codes = sources.flatMap(({ text }) =>
    [...text.matchAll(/\bcode(?:: string)? = '(GENSTAGE_\w+)'/g)].map(([, code = '']) => code),
  )
  expect(codes).toContain('GENSTAGE_START')
  const sections = new Map(page.split('\n## ').map((section) => [/^`(\w+)`/.exec(section)?.[1], section]))
  expect(codes.filter((code) => !sections.get(code)?.includes('**What to do:**'))).toEqual([])
})

test.each([
  { text: "export { a, type B, c as twoWords } from './a.ts'", pages: ['a', 'types/b', 'two-words'] },
  { text: "export type {\n  OneB,\n} from './a.ts'\nexport { oneB } from './b.ts'", pages: ['types/one-b', 'one-b'] },
])('the pages of $text', ({ text, pages }) => {
  const entry = { specifier: 'genstage/x', file: 'x.ts', folder: 'docs/x' }
  expect(expectedPages(entry, text)).toEqual(['README', ...pages].map((name) => `docs/x/${name}.md`))
})
