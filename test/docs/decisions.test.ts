import { expect, test } from 'vitest'
import { codeIn, unknownWordsIn } from './code-words.ts'
import { documentText } from './documents.ts'

const page = documentText('docs/decisions.md')

test('each entry has what, why, and since which version', () => {
  const entries = page.split(/^### /m).slice(1)
  const incomplete = entries.filter((entry) => {
    const parts = [...entry.split(/^## /m)[0]!.matchAll(/^\*\*(What\.|Why\.|Since)\*\*( |$)/gm)].map(([, part]) => part)
    return parts.join(' ') !== 'What. Why. Since'
  })
  expect(incomplete.map((entry) => entry.split('\n')[0])).toEqual([])
  expect(entries.length).toBeGreaterThan(30)
})

test('all code that it names exists', () => {
  expect(unknownWordsIn(codeIn(page), ['max_demand', 'maxDemands', 'await', 'using', 'phash2'])).toEqual([])
})
