import { describe, expect, test } from 'vitest'
import { blocksOfDocstrings, blocksOfMarkdown } from './blocks.ts'
import { examplesOf, outputPattern } from './examples.ts'

// Documents are written here with ~~~ for the fences, or this file would be hard to read.
const read = (...lines: string[]) => examplesOf(blocksOfMarkdown('A.md', lines.join('\n').replaceAll('~~~', '```')))
const readSource = (...lines: string[]) =>
  examplesOf(blocksOfDocstrings('a.ts', lines.join('\n').replaceAll('~~~', '```')))

describe('an example', () => {
  test('is a ts block, and prints the text block after it', () => {
    const { examples, complaints } = read('# A', '', '~~~ts', 'one()', 'two()', '~~~', '', '~~~text', '1', '~~~')
    expect(complaints).toEqual([])
    expect(examples).toEqual([
      {
        place: 'A.md:4',
        code: [
          { text: 'one()', file: 'A.md', line: 4 },
          { text: 'two()', file: 'A.md', line: 5 },
        ],
        printed: ['1'],
        isDropping: false,
        isEndless: false,
        notRun: undefined,
      },
    ])
  })

  test('has no stated output if there are words between it and a text block', () => {
    expect(read('~~~ts', 'one()', '~~~', 'A picture:', '~~~text', '<-->', '~~~').examples[0]?.printed).toBe(undefined)
  })

  test('may state its output in comments', () => {
    const { examples } = read('~~~ts', 'one() // prints: 1', 'two()', '// prints: 2', '~~~')
    expect(examples[0]?.printed).toEqual(['1', '2'])
  })

  test('may continue the previous one, and then runs together with it', () => {
    const { examples } = read('~~~ts', 'one()', '~~~', 'Then:', '<!-- continues -->', '~~~ts', 'two()', '~~~')
    expect(examples.map(({ code }) => code.map(({ text }) => text))).toEqual([['one()'], ['one()', 'two()']])
  })

  test('may be endless, and then so are those that continue it', () => {
    const output = ['~~~text', '1', '~~~']
    const first = ['<!-- endless -->', '~~~ts', 'one()', '~~~', ...output]
    const { examples } = read(...first, '', '<!-- continues -->', '~~~ts', 'two()', '~~~', ...output)
    expect(examples.map(({ isEndless }) => isEndless)).toEqual([true, true])
  })

  test('is not run if its first line gives a reason', () => {
    expect(read('~~~ts', '// not run: needs a database', 'one()', '~~~').examples[0]?.notRun).toBe('needs a database')
  })

  test('may be in a docstring, with its own line of the source', () => {
    const { examples } = readSource(
      'const a = 1',
      '/**',
      ' * A.',
      ' *',
      ' * ~~~ts',
      ' * if (a) {',
      ' *   b()',
      ' * }',
      ' * ~~~',
      ' */',
    )
    expect(examples[0]?.code.map(({ text, line }) => [line, text])).toEqual([
      [6, 'if (a) {'],
      [7, '  b()'],
      [8, '}'],
    ])
  })
})

describe('violations of the conventions are reported', () => {
  test.each([
    { lines: ['~~~js', 'one()', '~~~'], complaint: "got 'js'" },
    { lines: ['~~~', 'one()', '~~~'], complaint: "got ''" },
    { lines: ['<!-- continue -->', '~~~ts', '~~~'], complaint: "got 'continue'" },
    { lines: ['<!-- continues -->', '~~~ts', '~~~'], complaint: 'continues a block that does not exist' },
    { lines: ['<!-- endless -->', '~~~ts', '~~~'], complaint: 'does not state what it prints' },
    { lines: ['<!-- endless -->', '~~~sh', '~~~'], complaint: 'expected a ts block' },
    { lines: ['~~~ts', '// not run:', '~~~'], complaint: 'expected a reason' },
    { lines: ['~~~ts', '// not run: a', '~~~', '<!-- continues -->', '~~~ts', '~~~'], complaint: 'that is not run' },
    { lines: ['~~~ts', 'a() // prints: 1', '~~~', '~~~text', '1', '~~~'], complaint: 'twice' },
  ])('$complaint', ({ lines, complaint }) => {
    expect(read(...lines).complaints).toEqual([expect.stringContaining(complaint)])
  })

  test('a block that is not closed', () => {
    expect(() => read('~~~ts', 'one()')).toThrow('A.md:2: expected the block that begins here to be closed')
  })
})

describe('an output', () => {
  test.each([
    { printed: ['a', 'b'], stdout: 'a\nb\n', fits: true },
    { printed: ['a', 'b'], stdout: 'a\nb\nc\n', fits: false },
    { printed: ['a', 'b'], stdout: 'b\n', fits: false },
    { printed: ['a', '…', 'b'], stdout: 'a\nb\n', fits: true },
    { printed: ['a', '…', 'b'], stdout: 'a\nx\ny\nb\n', fits: true },
    { printed: ['[ 1, … ]'], stdout: '[ 1, 2, 3 ]\n', fits: true },
    { printed: ['[ 1, … ]'], stdout: '[ 1, 2,\n 3 ]\n', fits: false },
    { printed: ['1.5'], stdout: '105\n', fits: false },
  ])('stated as $printed: $stdout', ({ printed, stdout, fits }) => {
    expect(outputPattern(printed, false).test(stdout)).toBe(fits)
  })

  test('of an endless program may continue', () => {
    expect(outputPattern(['a', '…', 'b'], true).test('a\nb\nc\n')).toBe(true)
    expect(outputPattern(['a', 'b'], true).test('a\n')).toBe(false)
  })
})
