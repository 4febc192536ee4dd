import { describe, expect, test } from 'vitest'
import { parseArguments } from './arguments.ts'

test("without arguments, the words of the project's node_modules are counted, and 20 are shown", () => {
  const { folder, ...rest } = parseArguments([])
  expect(folder).toMatch(/node_modules$/)
  expect(rest).toEqual({ top: 20, isJson: false, isHelp: false, pace: Number.POSITIVE_INFINITY })
})

test('arguments may have any order', () => {
  const expected = { folder: 'src', top: 5, isJson: true, isHelp: false, pace: Number.POSITIVE_INFINITY }
  expect(parseArguments(['src', '--top', '5', '--json'])).toEqual(expected)
  expect(parseArguments(['--json', '--top=5', 'src'])).toEqual(expected)
  expect(parseArguments(['--json', '--top', '5', '--', 'src'])).toEqual(expected)
  expect(parseArguments(['--', '--json']).folder).toBe('--json')
})

test('the page is served on the port given, or on 4040, and the count is slow enough to follow', () => {
  expect(parseArguments(['--observe'])).toMatchObject({ observe: 4040, pace: 50 })
  expect(parseArguments(['--observe', '0', 'src'])).toMatchObject({ observe: 0, pace: 50, folder: 'src' })
  expect(parseArguments(['--observe=80'])).toMatchObject({ observe: 80 })
  expect(parseArguments(['--observe', 'src'])).toMatchObject({ observe: 4040, folder: 'src' })
  expect(parseArguments(['--pace', '7', '--observe'])).toMatchObject({ observe: 4040, pace: 7 })
  expect(parseArguments(['--pace=7'])).toMatchObject({ observe: undefined, pace: 7 })
})

describe('an invalid argument is refused with a message', () => {
  test.each([
    [['--top'], 'expected --top to be followed by a whole number of at least 1, got: nothing'],
    [['--top', 'ten'], 'expected --top to be followed by a whole number of at least 1, got: "ten"'],
    [['--top', '0'], 'expected --top to be followed by a whole number of at least 1, got: "0"'],
    [['--top', '-1'], 'expected --top to be followed by a whole number of at least 1, got: "-1"'],
    [['--top=1.5'], 'expected --top to be followed by a whole number of at least 1, got: "1.5"'],
    [['--top=1e3'], 'expected --top to be followed by a whole number of at least 1, got: "1e3"'],
    [['--top='], 'expected --top to be followed by a whole number of at least 1, got: ""'],
    [['--jsn'], 'expected --top N, --json, --observe or --pace N, got: "--jsn"'],
    [['--pace', '0'], 'expected --pace to be followed by a whole number of at least 1, got: "0"'],
    [['--observe', '65536'], 'expected --observe to be followed by a port from 0 to 65535 or none, got: "65536"'],
    [['--observe=a'], 'expected --observe to be followed by a port from 0 to 65535 or none, got: "a"'],
    [['a', 'b'], 'expected one folder, got: "a" "b"'],
  ])('%j', (given, message) => {
    expect(() => parseArguments(given)).toThrow(message)
  })
})
