import { exportsUseOurWords, messagesUseOurWords, wordsLeftPath, wordsOnlyFall } from '../word-rules.ts'
import type { House, Planted } from './house.ts'

// Put together from parts, or this file would hold the words that it plants.
const result = ['ans', 'wer'].join('')
const returned = ['ans', 'wers'].join('')
const notified = ['to', 'ld'].join('')
const caller = ['wh', 'oever'].join('')
const after = ['be', 'hind'].join('')
const ended = ['go', 'ne'].join('')
const clean = ['in good', 'order'].join(' ')
const left = (table: object): Planted => ({ [wordsLeftPath]: JSON.stringify(table) })
const doc = (text: string): string => `/**\n * ${text}\n */\nconst a = 1\n`

/** Violations of the rules on words. */
export const wordRules: readonly House[] = [
  {
    title: 'messages, docstrings and the documents of the front page use the words of docs/style.md',
    rule: messagesUseOurWords,
    refused: [
      {
        files: { 'src/base/a.ts': `const one = 1\nthrow new Error('it ${returned} nothing')` },
        message: `src/base/a.ts:2: '${returned}' is not a word of ours: write returns`,
      },
      { files: { 'src/base/a.ts': `const a = \`is \${b} ${notified}\`` }, message: 'write reports, notifies' },
      { files: { 'src/base/a.ts': doc(`Ends\n * ${clean}.`) }, message: 'src/base/a.ts:3: ' },
      { files: { 'src/base/a.ts': doc('Ends in\n * good order.') }, message: 'write cleanly; a clean exit' },
      { files: { 'src/base/a.ts': doc(`Stops ${caller} calls.`) }, message: 'the caller, a subscriber' },
      { files: { 'src/base/a.ts': doc(`The queue ${after} it.`) }, message: 'after, queued after' },
      { files: { 'src/base/a.ts': `const a = 'subscriber ${ended}'` }, message: 'has been cancelled' },
      { files: { 'src/base/a.ts': doc(`The subscriber that has ${'le'}ft.`) }, message: 'has unsubscribed' },
      { files: { 'src/base/a.ts': doc(`Knows ${'wh'}o is subscribed.`) }, message: 'only after a word for people' },
      { files: { 'src/base/a.ts': doc(`It ${notified}.`) }, message: `'${notified}' is not a word of ours` },
      { files: { 'src/base/a.ts': doc(`Runs the ${'set'}-up.`) }, message: 'write setup function' },
      { files: { 'src/base/a.ts': `const a = '5 ms, and it ${'was'} not'` }, message: 'the verb in the past tense' },
      { files: { 'README.md': `\n\nIt ${returned}.` }, message: 'README.md:3: ' },
      { files: { 'docs/reference/errors.md': `It ${returned}.` }, message: 'docs/reference/errors.md:1: ' },
      { files: { 'src/observe/page/page.html': `<p>${caller}</p>` }, message: 'src/observe/page/page.html:1: ' },
    ],
    allowed: {
      'src/base/a.ts': [
        `import { a } from './${returned}.ts'`,
        `// A comment that ${returned}, which only the number of words holds.`,
        `const ${returned} = /${returned}/ // an identifier, and an expression`,
        "const url = 'https://example.org/a' // it has an address in it, no comment",
        "const status = '410 Gone'",
        doc('Falls behind, or stands behind a reverse proxy. What is left. Users who run it, readers, who see it.'),
        doc('Leaves no timer behind. The API surface. No more than ten. One event of its own; bear in mind.'),
        doc('Something has gone wrong. In order, at the last event. What the user has set up.'),
        doc('If it has not started, the buffer comes first, and it is not full. Where it stands upright. Handed on.'),
      ].join('\n'),
      'CHANGELOG.md': `It ${returned}.`,
      'docs/guide/a.md': `It ${returned}.`,
      'test/a.ts': `// It ${returned}.`,
    },
  },
  {
    title: 'elsewhere the number of other words only falls',
    rule: wordsOnlyFall,
    refused: [
      {
        files: { 'src/base/a.ts': `const one = 1\n// It ${returned}.` },
        message:
          "has 1 words that docs/style.md refuses, and 0 are allowed: replace what is new (the last ones: line 2 '",
      },
      {
        files: { ...left({ 'test/a.test.ts': 1 }), 'test/a.test.ts': `test('it ${returned} ${caller}', () => {})` },
        message: 'test/a.test.ts: has 2 words',
      },
      { files: { 'docs/guide/a.md': `It ${returned}.` }, message: 'docs/guide/a.md: has 1 words' },
      { files: { 'src/base/a.ts': '// It ends in\n  // good order.' }, message: `line 1 '${clean}'` },
      { files: { 'docs/style.md': `| ${caller} | x |\n\nIt ${returned}.` }, message: `line 3 '${returned}', write` },
      {
        files: { ...left({ 'bench/a.ts': 2 }), 'bench/a.ts': `// It ${returned}.` },
        message: 'bench/a.ts: has 1 of the words, and 2 are noted: lower it, run `npm run tidy:words`',
      },
      { files: left({ 'apps/a.ts': 2 }), message: 'apps/a.ts: has none of the words left, or was moved' },
    ],
    allowed: {
      ...left({ 'src/base/a.ts': 1, 'examples/a.ts': 2 }),
      'src/base/b.ts': `// It stands upright, in\n// order, \${'and good'} order`,
      'src/base/a.ts': `/* It ${returned}. */\nconst a = '// ${returned}'\nconst ${returned} = \`// ${returned} \${b} /* ${caller}\``,
      'examples/a.ts': `// It ${returned} ${caller}.`,
      'docs/reference/a.md': `It ${returned}.`,
      'docs/style.md': `| ${caller} | the caller |`,
      'test/tidy/words.ts': `// ${caller}`,
    },
  },
  {
    title: 'the names of exports use the words of docs/style.md',
    rule: exportsUseOurWords,
    refused: [
      {
        files: { 'src/base/a.ts': '\nexport interface AnswerRule {}' },
        message: `src/base/a.ts:2: '${result}' in AnswerRule`,
      },
      {
        files: { 'src/base/a.ts': 'export const MOST_HEARD = 1' },
        message: 'in MOST_HEARD is not a word of ours: name it with timed',
      },
    ],
    allowed: {
      'src/base/a.ts': 'export const storyteller = 1\nexport class Hearth {}\nfunction answerAll() {}',
      'test/a.ts': `export const ${result} = 1`,
    },
  },
]
