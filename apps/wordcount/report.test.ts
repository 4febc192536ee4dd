import { describe, expect, test } from 'vitest'
import { pathText } from './path-text.ts'
import type { Result } from './pipeline.ts'
import { jsonReport, textReport } from './report.ts'

const result: Result = {
  files: 1_200,
  skipped: 3,
  failed: [{ path: 'some/file', reason: 'EACCES: permission denied' }],
  words: 15_000,
  distinct: 2,
  top: [
    ['the', 10_000],
    ['of', 5_000],
  ],
}
const facts = { folder: 'some', isPartial: false, seconds: 2, peakMegabytes: 90 }

describe('the report in text', () => {
  test('shows the top words with bars, and facts about the run', () => {
    expect(textReport(result, facts, 33)).toBe(`Words in some

the  10,000  ████████████████████
of    5,000  ██████████

15,000 words, 2 of them distinct
1,200 files counted, 3 binary or generated ones skipped, 1 could not be read:
  some/file: EACCES: permission denied
2.0 s, 7,500 words/s, at most 90 MB of memory
`)
  })

  test('states that the run was interrupted', () => {
    expect(textReport(result, { ...facts, isPartial: true }, 80)).toMatch(
      /^Partial result, interrupted: words in some\n/,
    )
  })

  test('shows that there were no words', () => {
    const nothing: Result = { files: 0, skipped: 0, failed: [], words: 0, distinct: 0, top: [] }
    expect(textReport(nothing, facts, 80)).toContain('\n0 words, 0 of them distinct\n')
  })

  test('keeps its lines, whatever the names of files and however long a word', () => {
    const failed = [{ path: 'a\nb\u001b[31m\u202ec', reason: 'x\ny' }]
    const text = textReport({ ...result, failed, top: [['x'.repeat(1_000), 1]] }, { ...facts, folder: 'a\rb' }, 80)
    expect(text).toContain('  a\\nb\\x1b[31m\\u{202e}c: x\\ny\n')
    expect(text).toContain('Words in a\\x0db\n')
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})

describe('the report in JSON', () => {
  test('is one object on one line, with `partial` only if the run was interrupted', () => {
    expect(jsonReport(result, false)).toBe(
      '{"files":1200,"skipped":3,"failed":[{"path":"some/file","reason":"EACCES: permission denied"}],' +
        '"words":15000,"distinct":2,"top":[["the",10000],["of",5000]]}\n',
    )
    expect(JSON.parse(jsonReport(result, true))).toEqual({ ...result, partial: true })
  })
})

test('a path that is not UTF-8 is shown with its bytes escaped', () => {
  expect(pathText(Buffer.from('caf\xe9/\xff', 'latin1'))).toBe('caf\\xe9/\\xff')
  expect(pathText(Buffer.from('café'))).toBe('café')
})
