import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { amend, readDifferences, vectorsFile, withoutRecord } from './differences.ts'
import { firstFailure } from './judge.ts'
import { readScenarios } from './read-scenarios.ts'
import type { Scenario } from './scenario.ts'

// An amended record stands in the place of one that the arbiter gave. So the list must hold nothing that it need not.

const recorded = await readScenarios(vectorsFile)
const differences = await readDifferences()
const decisions = await readFile(new URL('../../docs/decisions.md', import.meta.url), 'utf8')

function recordedAs(name: string): Scenario | undefined {
  return recorded.find((scenario) => scenario.name === name)
}

describe('the amended records', () => {
  test('each replace a recorded one, and are listed once', () => {
    const names = differences.map(({ scenario }) => scenario.name)
    expect(names.filter((name) => recordedAs(name) === undefined)).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })

  test('differ from it only in what is expected', () => {
    for (const { scenario } of differences) {
      const original = recordedAs(scenario.name) as Scenario
      expect(withoutRecord(scenario), scenario.name).toEqual(withoutRecord(original))
      expect(scenario.schedule === 'fifo' || original.schedule === 'any', scenario.name).toBe(true)
    }
  })

  test('are needed: the recorded one does not pass', async () => {
    const needless: string[] = []
    for (const { scenario } of differences) {
      const failure = await firstFailure(recordedAs(scenario.name) as Scenario, [{}])
      if (failure === undefined) needless.push(scenario.name)
    }
    expect(needless).toEqual([])
  })

  test('have a reason of one sentence, which names a section of the differences from GenStage', () => {
    const section = decisions.slice(decisions.indexOf('## Differences from GenStage\n')).split('\n## ')[0] as string
    const headings = Array.from(section.matchAll(/^### (.+)$/gm), ([, heading]) => heading)
    for (const { scenario, reason, decision } of differences) {
      expect(reason, scenario.name).toMatch(/^[A-Z].+\.$/)
      expect(headings, scenario.name).toContain(decision)
      const entry = section.slice(section.indexOf(`### ${decision}\n`)).split('\n### ')[0]
      expect(entry, `the entry "${decision}" lists its scenarios`).toContain(scenario.name)
    }
  })
})

describe('a record is amended', () => {
  test('only where it is as it was recorded', async () => {
    const amended = differences.map(({ scenario }) => scenario)
    const originals = amended.map(({ name }) => recordedAs(name) as Scenario)
    const others = originals.map((original) => ({ ...original, steps: original.steps.slice(1) }))
    expect(await amend([...originals, ...others])).toEqual([...amended, ...others])
  })
})
