import {
  exportsAreDocumented,
  filesAreShort,
  foldersAreSmall,
  functionsAreShort,
  longestFile,
  longestFunction,
  longestTestFile,
  mostFilesInFolder,
  silencingsGiveReasons,
} from '../form.ts'
import { type House, linesOfStatements, type Planted } from './house.ts'

// Put together from parts, or this file would break the rule it plants violations of.
const silenced = (comment: string): string => `// ${comment}\nexport const one = 1\n`

function filesIn(folder: string, count: number): Planted {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${folder}/a${index}.ts`, '']))
}

/** Violations of the rules on sizes and comments. */
export const formRules: readonly House[] = [
  {
    title: `no file of src has more than ${longestFile} lines of code, none of test more than ${longestTestFile}`,
    rule: filesAreShort,
    refused: [
      {
        files: { 'src/stage/a.ts': linesOfStatements(longestFile + 1) },
        message: 'has 251 lines of code, more than 250',
      },
      { files: { 'test/a.test.ts': linesOfStatements(longestTestFile + 1) }, message: 'find the second thing' },
    ],
    allowed: {
      'src/stage/a.ts': `/**\n * why\n */\n${linesOfStatements(longestFile)}\n\n// why\n/* and\nwhy */\n`,
      'test/a.test.ts': `// why\n${linesOfStatements(longestTestFile)}`,
      'bench/a.ts': linesOfStatements(longestTestFile + 1),
    },
  },
  {
    title: `no folder of src holds more than ${mostFilesInFolder} files`,
    rule: foldersAreSmall,
    refused: [
      { files: filesIn('src/stage', mostFilesInFolder + 1), message: 'src/stage: holds 17 files, more than 16' },
      { files: filesIn('src/stage/kinds', 20), message: 'src/stage/kinds: holds 20 files' },
    ],
    allowed: {
      ...filesIn('src/stage', mostFilesInFolder),
      ...filesIn('src/stage/kinds', mostFilesInFolder),
      ...filesIn('test/stage', 20),
      'src/stage/index.ts': '',
      'src/stage/page.css': '',
    },
  },
  {
    title: `no function of src has more than ${longestFunction} lines of code`,
    rule: functionsAreShort,
    refused: [
      {
        files: { 'src/stage/a.ts': `function many() {\n${linesOfStatements(longestFunction - 1)}}` },
        message: 'src/stage/a.ts:1: many has 71 lines of code',
      },
      {
        files: { 'src/stage/a.ts': `\nconst many = () => {\n${linesOfStatements(longestFunction)}}` },
        message: 'src/stage/a.ts:2: many has 72 lines of code',
      },
      {
        files: { 'src/stage/a.ts': `class A { constructor() {\n${linesOfStatements(longestFunction)}} }` },
        message: 'constructor has 72 lines of code',
      },
    ],
    allowed: { 'src/stage/a.ts': `function many() {\n// why\n\n${linesOfStatements(longestFunction - 2)}}` },
  },
  {
    title: 'everything exported is documented where it is declared',
    rule: exportsAreDocumented,
    refused: [
      { files: { 'src/stage/a.ts': '\nexport const a = 1' }, message: 'src/stage/a.ts:2: a is exported without' },
      { files: { 'src/stage/a.ts': '// Not for users.\nexport interface A {}' }, message: 'A is exported without' },
      {
        files: { 'src/stage/a.ts': '/** First. */\nconst x = 1\nexport class A {}' },
        message: 'A is exported without',
      },
    ],
    allowed: {
      'src/index.ts': "export { a } from './stage/a.ts'",
      'src/stage/a.ts': '/** What it is. */\nexport function a(x: 1): 1\nexport function a(x: 2): 2\n',
    },
  },
  {
    title: 'what silences a tool gives a reason',
    rule: silencingsGiveReasons,
    refused: [
      { files: { 'src/a.ts': silenced('@ts-ignore because') }, message: 'src/a.ts:1: silences the compiler' },
      { files: { 'test/a.ts': silenced('biome-ignore lint/style/x') }, message: 'write `biome-ignore rule: reason`' },
      { files: { 'test/a.ts': silenced('oxlint-disable-next-line x') }, message: 'write `oxlint-disable-next-line' },
    ],
    allowed: {
      'test/a.ts': silenced('biome-ignore lint/style/x: it is right here'),
      'test/b.ts': silenced('oxlint-disable-next-line x -- it is right here'),
    },
  },
]
