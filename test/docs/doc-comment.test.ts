import { expect, test } from 'vitest'
import { firstSentence, parseDocComment, tagsOf } from '../../scripts/reference/doc-comment.ts'

const comment = `/**
 * Does one thing, as \`a.b\` does.
 * Then another.
 *
 * - first item,
 *   which goes on
 * - second item
 *
 * @param given What it
 *   is given.
 * @throws {TypeError} If not.
 *
 * @example A title
 * \`\`\`ts
 * if (given) {
 *   // @param in code is no tag
 * }
 * \`\`\`
 */`

test('a docstring is taken apart, and its paragraphs put onto a line each', () => {
  const doc = parseDocComment(comment)
  expect(doc.description).toBe(
    'Does one thing, as `a.b` does. Then another.\n\n- first item, which goes on\n- second item',
  )
  expect(tagsOf(doc, 'param')).toEqual(['given What it is given.'])
  expect(tagsOf(doc, 'throws')).toEqual(['{TypeError} If not.'])
  expect(tagsOf(doc, 'example')).toEqual(['A title\n```ts\nif (given) {\n  // @param in code is no tag\n}\n```'])
})

test.each([
  { text: 'Does one thing, as `a.b` does. Then another.', first: 'Does one thing, as `a.b` does.' },
  { text: 'What it is: `a` or `b`.\n\nMore.', first: 'What it is: `a` or `b`.' },
  { text: 'Without an end\n\nMore.', first: 'Without an end' },
  { text: 'Waits 1.5 s. `a` is more.', first: 'Waits 1.5 s.' },
])('the first sentence of $text', ({ text, first }) => {
  expect(firstSentence(text)).toBe(first)
})
