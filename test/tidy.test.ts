import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { namesNoMachine, packageNeedsNothing } from './tidy/anywhere.ts'
import {
  exportsAreDocumented,
  filesAreShort,
  functionsAreShort,
  longestFile,
  longestFunction,
  namesAreKebabCase,
  namesSayTheThing,
  silencingsSayWhy,
} from './tidy/form.ts'
import {
  appsImportPublicNames,
  coreImportsNothingFromOutside,
  filesStandInALayer,
  indexesAreForUsers,
  layersImportDownwards,
  leavesImportOptionalPeers,
  noValueImportCycles,
} from './tidy/layers.ts'
import { type ProjectFile, type Rule, readProject } from './tidy/project-file.ts'

const project = readProject(fileURLToPath(new URL('..', import.meta.url)))

/** Files that a rule must refuse or let pass: path and text. */
type Planted = Readonly<Record<string, string>>

interface House {
  readonly says: string
  readonly rule: Rule
  /** Each breaks the rule once; the message must hold the text given beside it. */
  readonly refused: readonly { readonly files: Planted; readonly message: string }[]
  /** Breaks nothing, though it comes close. */
  readonly allowed: Planted
}

// Put together from parts, or this file would break the rules it plants violations of.
const somebodysPath = ['', 'home', 'somebody', 'genstage'].join('/')
const silenced = (comment: string): string => `// ${comment}\nexport const one = 1\n`
const linesOfStatements = (count: number): string => 'x += 1\n'.repeat(count)
const manifest = (fields: object): Planted => ({ 'package.json': JSON.stringify(fields) })

const house: readonly House[] = [
  {
    says: 'each folder of src imports only itself and the layers under it',
    rule: layersImportDownwards,
    refused: [
      { files: { 'src/base/queue.ts': "import '../stage/stage.ts'" }, message: 'base may import only base' },
      { files: { 'src/process/a.ts': "export * from '../supervisor/b.ts'" }, message: 'process may import only base' },
      { files: { 'src/stage/a.ts': "import type { B } from '../testing/b.ts'" }, message: 'hand it in from testing' },
      { files: { 'src/bridge/a.ts': "const b = await import('../observe/b.ts')" }, message: 'bridge may import only' },
      { files: { 'src/base/a.ts': "type B = import('../process/b.ts').B" }, message: 'move what is needed down' },
      { files: { 'src/dispatcher/a.ts': "import { host } from '#host'" }, message: 'dispatcher may import only' },
    ],
    allowed: {
      'src/index.ts': "export { stream } from './bridge/stream.ts'",
      'src/stage/a.ts': "import { b } from '../base/b.ts'\nimport { c } from './c.ts'",
      'src/process/a.ts': "import { host } from '#host'\nimport { b } from './host/b.ts'",
      'src/testing/a.ts': "import { b } from '../stage/b.ts'",
    },
  },
  {
    says: 'each file of src stands in a layer',
    rule: filesStandInALayer,
    refused: [
      { files: { 'src/stray.ts': '' }, message: 'move it into one of base, dispatcher' },
      { files: { 'src/worker/a.ts': '' }, message: 'name the new layer in test/tidy/layers.ts' },
    ],
    allowed: { 'src/index.ts': '', 'src/base/a.ts': '', 'src/process/host/a.ts': '' },
  },
  {
    says: 'nothing under src imports a door for users',
    rule: indexesAreForUsers,
    refused: [
      {
        files: { 'src/testing/a.ts': "import { start } from '../index.ts'" },
        message: 'import the file that declares',
      },
      { files: { 'src/bridge/a.ts': "import { start } from 'genstage'" }, message: "'genstage', a door for users" },
      { files: { 'src/bridge/a.ts': "export * from '../stage'" }, message: "'../stage', a door for users" },
      { files: { 'src/index.ts': "export * from './testing/index.ts'" }, message: 'import the file that declares' },
    ],
    allowed: { 'src/base/a.ts': "import { b } from './index-of-keys.ts'", 'test/a.ts': "import { b } from 'genstage'" },
  },
  {
    says: 'the core imports no package and no module of a platform',
    rule: coreImportsNothingFromOutside,
    refused: [
      {
        files: { 'src/process/schedule/timers.ts': "import 'node:timers'" },
        message: 'put what you need of it into the interface',
      },
      { files: { 'src/stage/a.ts': "import type { B } from 'some-package'" }, message: 'imports no package' },
      { files: { 'src/process/host/default.ts': "import 'node:events'" }, message: "imports 'node:events'" },
      { files: { 'src/process/host/node.ts': "import 'some-package'" }, message: "imports 'some-package'" },
      { files: { 'src/base/a.ts': '/// <reference types="node" />' }, message: "imports 'node'" },
    ],
    allowed: { 'src/process/host/node.ts': "import 'node:events'", 'src/program/a.ts': "import 'node:process'" },
  },
  {
    says: 'a leaf imports only packages that are optional peers',
    rule: leavesImportOptionalPeers,
    refused: [
      { files: { 'src/observe/a.ts': "import '@some/package/part'" }, message: 'declare @some/package in peerDep' },
      {
        files: { ...manifest({ peerDependencies: { some: '^1' } }), 'src/observe/a.ts': "import 'some'" },
        message: 'as optional in peerDependenciesMeta',
      },
    ],
    allowed: {
      ...manifest({ peerDependenciesMeta: { '@some/package': { optional: true } } }),
      'src/observe/a.ts': "import '@some/package/part'\nimport './b.ts'\nimport 'node:http'",
    },
  },
  {
    says: 'no file of src imports itself by a detour',
    rule: noValueImportCycles,
    refused: [
      {
        files: { 'src/base/a.ts': "import { b } from './b.ts'", 'src/base/b.ts': "export { a } from './a.ts'" },
        message: 'src/base/a.ts -> src/base/b.ts -> src/base/a.ts: make one of these an `import type`',
      },
      {
        files: { 'src/base/a.ts': "import { type B } from './b.ts'", 'src/base/b.ts': "import './a.ts'" },
        message: 'src/base/a.ts -> src/base/b.ts -> src/base/a.ts',
      },
      {
        files: {
          'src/process/a.ts': "import { host } from '#host'",
          'src/process/host/node.ts': "import { a } from '../a.ts'",
        },
        message: 'src/process/a.ts -> src/process/host/node.ts -> src/process/a.ts',
      },
    ],
    allowed: {
      'src/base/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
      'src/base/b.ts': "import type { A } from './a.ts'\nimport { c } from './c.ts'",
      'src/base/c.ts': "export type { A } from './a.ts'",
    },
  },
  {
    says: `no file of src has more than ${longestFile} lines of code`,
    rule: filesAreShort,
    refused: [{ files: { 'src/stage/a.ts': linesOfStatements(longestFile + 1) }, message: 'the second thing' }],
    allowed: {
      'src/stage/a.ts': `/**\n * why\n */\n${linesOfStatements(longestFile)}\n\n// why\n/* and\nwhy */\n`,
      'test/a.ts': linesOfStatements(longestFile + 1),
    },
  },
  {
    says: `no function of src has more than ${longestFunction} lines of code`,
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
    says: 'everything exported is documented where it is declared',
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
      'src/stage/a.ts': '/** Says what it is. */\nexport function a(x: 1): 1\nexport function a(x: 2): 2\n',
    },
  },
  {
    says: 'files and folders are named in kebab-case',
    rule: namesAreKebabCase,
    refused: [
      { files: { 'src/stage/demandBuffer.ts': '' }, message: "'demandBuffer' is not in kebab-case" },
      { files: { 'test/Stage/a.test.ts': '' }, message: "'Stage' is not in kebab-case" },
      { files: { 'apps/word_count/main.ts': '' }, message: "'word_count' is not in kebab-case" },
    ],
    allowed: { 'src/stage/demand-buffer.ts': '', 'vitest.config.ts': '', 'README.md': '', 'examples/01-a-b-c.ts': '' },
  },
  {
    says: 'names of files say what is inside',
    rule: namesSayTheThing,
    refused: [
      { files: { 'src/base/utils.ts': '' }, message: "'utils' says nothing" },
      { files: { 'test/helpers/a.ts': '' }, message: "'helpers' says nothing" },
      { files: { 'src/stage/subscription-manager.ts': '' }, message: "'manager' says nothing" },
    ],
    allowed: { 'src/base/implicit.ts': '', 'docs/common.md': '' },
  },
  {
    says: 'whoever silences a tool says why',
    rule: silencingsSayWhy,
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
  {
    says: 'apps and examples import the library by its public names',
    rule: appsImportPublicNames,
    refused: [
      {
        files: { 'apps/a/main.ts': "import '../../src/stage/kinds/stage-behaviour.ts'" },
        message: 'lies outside apps/a/',
      },
      { files: { 'apps/a/main.ts': "import '../b/c.ts'" }, message: 'lies outside apps/a/' },
      { files: { 'examples/01-a.ts': "import '#host'" }, message: 'apps and examples import the library only as' },
      {
        files: { ...manifest({ exports: { '.': 1, './testing': 1 } }), 'apps/a.ts': "import 'genstage/stage'" },
        message: 'does not export: apps and examples import the library only as genstage, genstage/testing',
      },
    ],
    allowed: {
      ...manifest({ exports: { '.': 1, './testing': 1 } }),
      'apps/a/main.ts': "import 'genstage'\nimport './count/words.ts'\nimport 'node:fs'",
      'apps/a/count/words.ts': "import 'genstage/testing'\nimport '../main.ts'",
    },
  },
  {
    says: 'nothing names a machine, or a tool that others do not have',
    rule: namesNoMachine,
    refused: [
      { files: { 'README.md': `\nsee ${somebodysPath}` }, message: 'README.md:2: ' },
      { files: { 'src/a.ts': `'${['', 'tmp', 'a'].join('/')}'` }, message: 'os.tmpdir()' },
      { files: { 'docs/a.md': ['..', 'shared', 'a.md'].join('/') }, message: 'copy what is needed into the project' },
      { files: { 'docs/a.md': ['farm', 'bench'].join('-') }, message: 'say it in the words of this project' },
      {
        files: { 'package-lock.json': ['https://registry', 'example', 'org/a'].join('.') },
        message: 'keep omit-lockfile-registry-resolved=true',
      },
    ],
    allowed: { 'README.md': 'apps/work/home/a.ts, https://example.org/home/a, #!/usr/bin/env node, {{root}}/tmp/x' },
  },
  {
    says: 'the package needs no other to be installed',
    rule: packageNeedsNothing,
    refused: [
      { files: manifest({ dependencies: {} }), message: 'dependencies must not be there' },
      { files: manifest({ devDependencies: { a: '^1.0.0' } }), message: "devDependencies.a is '^1.0.0': pin one" },
      { files: manifest({ peerDependencies: { a: '^1.0.0' } }), message: 'peerDependencies.a is not optional' },
      { files: manifest({ scripts: { postinstall: 'node a.js' } }), message: 'scripts.postinstall runs when' },
      { files: manifest({ scripts: { prepare: 'node a.js' } }), message: 'scripts.prepare makes npm warn' },
    ],
    allowed: manifest({
      devDependencies: { a: '1.0.0', b: 'npm:@some/b@1.0.0' },
      peerDependencies: { c: '^1.0.0' },
      peerDependenciesMeta: { c: { optional: true } },
    }),
  },
]

const plant = (files: Planted): ProjectFile[] => Object.entries(files).map(([path, text]) => ({ path, text }))

test('the project is read whole', () => {
  const paths = project.map(({ path }) => path)
  expect(paths).toEqual(expect.arrayContaining(['package.json', 'src/index.ts', 'test/tidy.test.ts', '.ci/run']))
  expect(paths.filter((path) => path.includes('node_modules'))).toEqual([])
})

describe.each(house)('$says', ({ rule, refused, allowed }) => {
  test('in the project', () => {
    expect(rule(project)).toEqual([])
  })

  test.each(refused)('or the message says: $message', ({ files, message }) => {
    expect(rule(plant(files))).toEqual([expect.stringContaining(message)])
  })

  test('and what only comes close is let pass', () => {
    expect(rule(plant(allowed))).toEqual([])
  })
})
