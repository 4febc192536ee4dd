import { expect, test } from 'vitest'
import { closestName } from '../../src/base/closest-name.ts'

const known = ['maxDemand', 'minDemand', 'cancel', 'bufferSize', 'bufferKeep', 'partition']

test.each([
  ['maxDemnad', 'maxDemand'],
  ['maxdemand', 'maxDemand'],
  ['max_demand', 'maxDemand'],
  ['mindemand', 'minDemand'],
  ['cancle', 'cancel'],
  ['buffer', 'bufferSize'],
  ['partitions', 'partition'],
  ['maxDemand', 'maxDemand'],
])('%s is nearest to %s', (word, expected) => {
  expect(closestName(word, known)).toBe(expected)
})

test('case does not count', () => {
  expect(closestName('url', ['ask', 'URL'])).toBe('URL')
  expect(closestName('URL', ['ask', 'url'])).toBe('url')
})

test('two characters that have changed places are one mistake', () => {
  expect(closestName('form', ['farms', 'from'])).toBe('from')
})

test('nothing is near where nothing is known', () => {
  expect(closestName('a', [])).toBeUndefined()
})

test('a word without end is no trouble', () => {
  expect(closestName('partition'.repeat(1_000_000), known)).toBeTypeOf('string')
})
