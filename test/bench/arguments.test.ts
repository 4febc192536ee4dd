import { describe, expect, test } from 'vitest'
import { amountIn, beginningLike, chosenFrom, countIn, fileNameIn, folderWith } from '../../bench/arguments.ts'

const peers = [{ name: 'node:stream' }, { name: 'node:stream, arrays' }, { name: 'Effect' }, { name: 'RxJS' }]

function namesBeginningLike(wanted: string): readonly string[] {
  return beginningLike(wanted, peers, '--peers').map(({ name }) => name)
}

test('names are taken each once, in the order in which they are wanted', () => {
  expect(chosenFrom(['W2', 'W1', 'W2'], ['W1', 'W2', 'W3'])).toEqual(['W2', 'W1'])
  expect(chosenFrom([], ['W1'])).toEqual([])
})

test('peers are taken by how their names begin, each once', () => {
  expect(namesBeginningLike('all')).toHaveLength(4)
  expect(namesBeginningLike('none')).toEqual([])
  expect(namesBeginningLike('node:, effect,node:stream')).toEqual(['node:stream', 'node:stream, arrays', 'Effect'])
})

test('numbers are read', () => {
  expect(countIn('15', '--runs')).toBe(15)
  expect(amountIn('0.6', '--seconds')).toBe(0.6)
  expect(fileNameIn('2026-01-01_node-20.v2', '--keep')).toBe('2026-01-01_node-20.v2')
  expect(folderWith('package.json', '.', '--library', 'a checkout')).toBe('.')
})

describe('what is wrong is said with what was expected, and what came', () => {
  const oneOrMore = 'expected --runs to be a whole number of 1 or more'
  const above0 = 'expected --seconds to be a number above 0'
  const aName = 'expected --keep to be a name of letters, digits, dots, dashes and underscores'
  const beginnings =
    'expected --peers to be all, none, or beginnings of: node:stream; node:stream, arrays; Effect; RxJS'
  test.each([
    { message: 'expected some of W1 W2, got: W9', act: () => chosenFrom(['W1', 'W9'], ['W1', 'W2']) },
    { message: `${oneOrMore}, got: 0`, act: () => countIn('0', '--runs') },
    { message: `${oneOrMore}, got: 1.5`, act: () => countIn('1.5', '--runs') },
    { message: `${oneOrMore}, got: many`, act: () => countIn('many', '--runs') },
    { message: `${above0}, got: -1`, act: () => amountIn('-1', '--seconds') },
    { message: `${above0}, got: Infinity`, act: () => amountIn('Infinity', '--seconds') },
    { message: `${aName}, got: a/b`, act: () => fileNameIn('a/b', '--keep') },
    { message: `${aName}, got: ..`, act: () => fileNameIn('..', '--keep') },
    { message: `${aName}, got: `, act: () => fileNameIn('', '--keep') },
    { message: `${beginnings}; got: most`, act: () => namesBeginningLike('effect,most') },
    { message: `${beginnings}; got: nothing`, act: () => namesBeginningLike('node:,') },
    {
      message: 'expected --library to be a checkout, with package.json in it, got: nowhere',
      act: () => folderWith('package.json', 'nowhere', '--library', 'a checkout'),
    },
  ])('$message', ({ message, act }) => {
    expect(act).toThrow(new Error(message))
  })
})
