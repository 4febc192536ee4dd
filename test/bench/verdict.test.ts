import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Baseline, readBaseline, storeBaseline } from '../../bench/baseline.ts'
import { complaint, judge, losers, missing, type Ratios, TOLERANCE, together } from '../../bench/verdict.ts'

const machine = { cpu: 'one', cores: 2, memory: '8 GiB', system: 'linux x64', node: 'v20', v8: '11', load: 0 }

const stored: Baseline = {
  at: '2026-01-01T00:00:00.000Z',
  machine,
  ratios: { 'W1, genstage': { median: 0.8 }, 'W6, genstage': { median: 0.5 } },
}

function measured(ratios: Readonly<Record<string, readonly number[]>>): Ratios {
  return new Map(Object.entries(ratios))
}

function namesOfLosers(ratios: Ratios): readonly string[] {
  return losers(judge(ratios, stored)).map(({ name }) => name)
}

describe('a workload has lost', () => {
  test('whose stored ratio was 30 % higher, and is named', () => {
    const ratios = measured({ 'W1, genstage': [0.8 / 1.3], 'W6, genstage': [0.5] })

    expect(namesOfLosers(ratios)).toEqual(['W1, genstage'])
  })

  test('just beyond the tolerance, and not just within it', () => {
    const atTolerance = 0.8 * (1 - TOLERANCE)

    expect(namesOfLosers(measured({ 'W1, genstage': [atTolerance - 0.001] }))).toEqual(['W1, genstage'])
    expect(namesOfLosers(measured({ 'W1, genstage': [atTolerance + 0.001] }))).toEqual([])
  })

  test('by its median: one bad round is none', () => {
    expect(namesOfLosers(measured({ 'W1, genstage': [0.1, 0.79, 0.8] }))).toEqual([])
    expect(namesOfLosers(measured({ 'W1, genstage': [0.1, 0.1, 0.8] }))).toEqual(['W1, genstage'])
  })

  test('only if it has in both measurements together', () => {
    const first = measured({ 'W1, genstage': [0.6, 0.6, 0.78], 'W6, genstage': [0.5] })
    const again = measured({ 'W1, genstage': [0.8, 0.8, 0.8] })

    expect(namesOfLosers(first)).toEqual(['W1, genstage'])
    expect(namesOfLosers(together(first, again))).toEqual([])
    expect(namesOfLosers(together(first, first))).toEqual(['W1, genstage'])
  })

  test('if nothing came of it', () => {
    expect(namesOfLosers(measured({ 'W1, genstage': [] }))).toEqual(['W1, genstage'])
  })
})

test('none has lost that is as it was, or better, or new', () => {
  const ratios = measured({ 'W1, genstage': [0.8], 'W6, genstage': [0.9], 'W2, genstage': [0.1] })

  expect(namesOfLosers(ratios)).toEqual([])
})

test('a complaint says who has lost how much, and how much is tolerated', () => {
  const [lost] = losers(judge(measured({ 'W1, genstage': [0.6] }), stored))

  expect(lost && complaint(lost)).toBe('W1, genstage has lost 25.0 %, more than 10 %: 0.600 of the limit, was 0.800')
})

test('what is stored of a measured workload must have been measured', () => {
  const ratios = { ...stored.ratios, 'W6, genstage, supervised': { median: 0.1 } }

  expect(missing(measured({ 'W1, genstage': [0.8] }), ratios)).toEqual([])
  expect(missing(measured({ 'W6, genstage': [0.5] }), ratios)).toEqual(['W6, genstage, supervised'])
})

describe('a file of stored ratios', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'baseline-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const library = { version: '0.1.0', commit: 'abc', changed: [] }
  const now = { at: '2026-01-02T00:00:00.000Z', machine, library, peers: {} }

  test('is read as it was stored, and what was not measured again stays', () => {
    const file = join(folder, 'baseline.json')
    storeBaseline(file, measured({ 'W1, genstage': [0.81236, 0.8, 0.9], 'W6, old name': [0.5] }), now)
    storeBaseline(file, measured({ 'W6, genstage': [0.25] }), now)

    expect(readBaseline(file)).toEqual({
      at: now.at,
      machine,
      library,
      ratios: { 'W1, genstage': { median: 0.8124 }, 'W6, genstage': { median: 0.25 } },
    })
    expect(readFileSync(file, 'utf8')).toMatch(/\}\n$/)
  })

  test('is asked for where there is none', () => {
    expect(() => readBaseline(join(folder, 'none.json'))).toThrow(/expected a baseline, got none in .*none\.json/)
  })

  test.each([
    { name: 'no JSON', text: '{', got: 'something else' },
    { name: 'something else', text: '{"name":"genstage"}', got: 'something else' },
    { name: 'a ratio that is none', text: JSON.stringify({ ...stored, ratios: { W1: {} } }), got: 'W1: {}' },
  ])('that is $name is said to be none', ({ text, got }) => {
    const file = join(folder, 'wrong.json')
    writeFileSync(file, text)

    expect(() => readBaseline(file)).toThrow(`got: ${got}`)
  })
})
