import { exportsAreUsed, filesAreUsed } from '../exports.ts'
import { filesBearTheirName, namesAreKebabCase, namesAreSpecific, typesHaveTheirOwnNames } from '../names.ts'
import { testsHaveTheirSource } from '../tests.ts'
import { type House, manifest, type Planted } from './house.ts'

const listed = (table: object): Planted => ({ 'test/tidy/tests-without-source.json': JSON.stringify(table) })

/** Violations of the rules on names, exports and the places of tests. */
export const nameRules: readonly House[] = [
  {
    title: 'files and folders are named in kebab-case',
    rule: namesAreKebabCase,
    refused: [
      { files: { 'src/stage/demandBuffer.ts': '' }, message: "'demandBuffer' is not in kebab-case" },
      { files: { 'test/Stage/a.test.ts': '' }, message: "'Stage' is not in kebab-case" },
      { files: { 'apps/word_count/main.ts': '' }, message: "'word_count' is not in kebab-case" },
    ],
    allowed: { 'src/stage/demand-buffer.ts': '', 'vitest.config.ts': '', 'README.md': '', 'examples/01-a-b-c.ts': '' },
  },
  {
    title: 'names of files show what is inside',
    rule: namesAreSpecific,
    refused: [
      { files: { 'src/base/utils.ts': '' }, message: "'utils' does not show what is inside" },
      { files: { 'test/helpers/a.ts': '' }, message: "'helpers' does not show what is inside" },
      { files: { 'src/stage/subscription-manager.ts': '' }, message: "'manager' does not show what is inside" },
    ],
    allowed: { 'src/base/implicit.ts': '', 'docs/common.md': '' },
  },
  {
    title: 'a file that exports one thing bears its name',
    rule: filesBearTheirName,
    refused: [
      { files: { 'src/base/table.ts': 'export class OptionTable {}' }, message: 'name the file option-table.ts' },
      { files: { 'src/base/a.ts': 'export const toHTMLText = 1\nconst other = 2' }, message: 'to-html-text.ts' },
      { files: { 'src/base/a.ts': 'export function b(): 1\nexport function b(x?: 1) {}' }, message: 'exports only b' },
    ],
    allowed: {
      'src/base/options/option-table.ts': 'export interface OptionTable {}',
      'src/base/collections/ring.ts': 'export type Ring = 1\nexport function ring() {}\nfunction other() {}',
      'src/base/two.ts': 'export const a = 1\nexport const b = 2',
      'src/stage/index.ts': 'export const a = 1',
      'src/observe/page/main.ts': 'export const a = 1',
      'src/observe/server/page-text.d.ts': 'export const page: string',
      'src/process/host/default.ts': 'export const host = 1',
      'src/process/host/node.ts': 'export const host = 1',
    },
  },
  {
    title: 'no two types of src have one name',
    rule: typesHaveTheirOwnNames,
    refused: [
      {
        files: { 'src/base/a.ts': 'interface Listener {}', 'src/stage/kinds/b.ts': 'export type Listener = 1' },
        message: 'src/stage/kinds/b.ts: declares a type Listener, and so does src/base/a.ts: rename it',
      },
      {
        files: { 'src/base/a.ts': 'class Item {}', 'src/base/b.ts': 'enum Item { a }' },
        message: 'declares a type Item',
      },
    ],
    allowed: {
      'src/base/a.ts': 'export interface Stage {}\nexport class Stage {}\nexport const Stage = 1',
      'src/base/b.ts': "import type { Stage } from './a.ts'\nexport type { Stage } from './a.ts'\nconst Item = 1",
      'src/base/c.ts': 'const Item = 1\nfunction f<Stage>(x: Stage) {}',
      'test/a.ts': 'interface Stage {}',
    },
  },
  {
    title: 'what a file exports is imported somewhere, or shown by an index',
    rule: exportsAreUsed,
    refused: [
      {
        files: { 'src/base/a.ts': 'export const a = 1' },
        message: 'src/base/a.ts:1: exports a, which no file imports',
      },
      {
        files: {
          'src/base/a.ts': 'export const a = 1\nexport type B = typeof a',
          'src/base/b.ts': "import { a as B } from './a.ts'",
        },
        message: 'src/base/a.ts:2: exports B, which no file imports: delete it, or do not export it',
      },
      {
        files: { 'src/base/a.ts': 'export const a = 1', 'test/a.ts': "import '../src/base/a.ts'" },
        message: 'exports a, which no file imports',
      },
    ],
    allowed: {
      'src/index.ts': "export { a, type B as C } from './base/a.ts'",
      'src/base/a.ts': 'export const a = 1\nexport type B = 1\nexport class D {}\nexport const e = 2\nconst f = 3',
      'src/base/b.ts': "import type { D } from './a.ts'",
      'src/base/c.ts': "type E = import('./a.ts').e",
      'src/base/d.ts': 'export const a = 1\nexport const b = 1',
      'bench/a.ts': "import * as d from '../src/base/d.ts'",
      'src/process/host/node.ts': 'export const host = 1',
      'src/process/host/default.ts': 'export const host = 1',
      'src/process/start/start.ts': "import { host } from '#host'",
    },
  },
  {
    title: 'each file of src is imported, or is where a program begins',
    rule: filesAreUsed,
    refused: [
      {
        files: { 'src/base/a.ts': '' },
        message: 'src/base/a.ts: no file imports it, and package.json does not name it',
      },
      {
        files: { ...manifest({ exports: { '.': './src/index.ts' } }), 'src/base/a.ts': '' },
        message: 'delete it, or name it in exports, imports or bin',
      },
    ],
    allowed: {
      ...manifest({
        bin: { genstage: 'dist/observe/cli/main.js' },
        exports: { '.': { 'genstage-source': './src/index.ts', default: './dist/index.js' } },
        imports: { '#page': { types: './src/observe/server/page-text.d.ts', default: './dist/observe/page.js' } },
      }),
      'src/index.ts': "import './base/a.ts'",
      'src/base/a.ts': '',
      'src/base/b.ts': '',
      'test/b.ts': "const b = await import('../src/base/b.ts')",
      'src/observe/cli/main.ts': '',
      'src/observe/page/main.ts': '',
      'src/observe/server/page-text.d.ts': '',
    },
  },
  {
    title: 'a test bears the name of the file that it tests, or is listed with what it proves',
    rule: testsHaveTheirSource,
    refused: [
      {
        files: { 'test/stage/cost.test.ts': '' },
        message: 'has no cost.ts in src/stage: rename the test after the file',
      },
      {
        files: { 'src/base/cost.ts': '', 'test/stage/cost.test.ts': '' },
        message: "write into test/tidy/tests-without-source.json what 'stage/cost' proves",
      },
      { files: { 'test/odd/cost.test.ts': '' }, message: 'odd is no layer of src: move the test' },
      { files: listed({ 'stage/cost': 'Counts turns.' }), message: "there is no test 'stage/cost': remove or rename" },
      {
        files: { ...listed({ 'stage/cost': 'todo' }), 'test/stage/cost.test.ts': '' },
        message: "'stage/cost' is listed without a reason: write in one sentence",
      },
      {
        files: { ...listed({ 'stage/a': 'Counts.' }), 'test/stage/a.test.ts': '', 'src/stage/kinds/a.ts': '' },
        message: "'stage/a' has a file of its name in src: remove the entry",
      },
    ],
    allowed: {
      ...listed({ 'stage/cost': 'Counts turns.', 'connectors/kafka/loss': 'Loses nothing.' }),
      'test/stage/cost.test.ts': '',
      'test/connectors/kafka/loss.test.ts': '',
      'test/stage/buffer.test.ts': '',
      'src/stage/producing/buffer.ts': '',
      'test/observe/cli/run.test.ts': '',
      'src/observe/cli/run.ts': '',
      'test/promises/order-holds.test.ts': '',
      'test/package.test.ts': '',
      'test/stage/test-stages.ts': '',
    },
  },
]
