import { describe, expect, test } from 'vitest'
import { parseArguments } from './arguments.ts'

test('without arguments the words of the own node_modules are counted, and 20 are shown', () => {
  const { folder, ...rest } = parseArguments([])
  expect(folder).toMatch(/node_modules$/)
  expect(rest).toEqual({ top: 20, isJson: false, isHelp: false })
})

test('arguments may stand in any order', () => {
  const expected = { folder: 'src', top: 5, isJson: true, isHelp: false }
  expect(parseArguments(['src', '--top', '5', '--json'])).toEqual(expected)
  expect(parseArguments(['--json', '--top=5', 'src'])).toEqual(expected)
  expect(parseArguments(['--json', '--top', '5', '--', 'src'])).toEqual(expected)
  expect(parseArguments(['--', '--json']).folder).toBe('--json')
})

describe('a wrong argument is refused in a sentence', () => {
  test.each([
    [['--top'], 'expected --top to be followed by a whole number of at least 1, got: nothing'],
    [['--top', 'ten'], 'expected --top to be followed by a whole number of at least 1, got: "ten"'],
    [['--top', '0'], 'expected --top to be followed by a whole number of at least 1, got: "0"'],
    [['--top', '-1'], 'expected --top to be followed by a whole number of at least 1, got: "-1"'],
    [['--top=1.5'], 'expected --top to be followed by a whole number of at least 1, got: "1.5"'],
    [['--top=1e3'], 'expected --top to be followed by a whole number of at least 1, got: "1e3"'],
    [['--top='], 'expected --top to be followed by a whole number of at least 1, got: ""'],
    [['--jsn'], 'expected --top N or --json, got: "--jsn"'],
    [['a', 'b'], 'expected one folder, got: "a" "b"'],
  ])('%j', (given, message) => {
    expect(() => parseArguments(given)).toThrow(message)
  })
})
