import { noCirclesOfImports } from '../circles.ts'
import {
  appsImportPublicNames,
  coreImportsNothingFromOutside,
  filesStandInALayer,
  indexesAreForUsers,
  layersImportDownwards,
  leavesImportOptionalPeers,
  roomsImportInOrder,
} from '../layers.ts'
import { type House, manifest } from './house.ts'

/** Violations of the rules on layers, rooms and circles. */
export const layerRules: readonly House[] = [
  {
    title: 'each folder of src imports only itself and the layers under it',
    rule: layersImportDownwards,
    refused: [
      { files: { 'src/base/queue.ts': "import '../stage/stage.ts'" }, message: 'base may import only base' },
      { files: { 'src/process/a.ts': "export * from '../supervisor/b.ts'" }, message: 'process may import only base' },
      { files: { 'src/stage/a.ts': "import type { B } from '../testing/b.ts'" }, message: 'pass it in from testing' },
      { files: { 'src/bridge/a.ts': "const b = await import('../observe/b.ts')" }, message: 'bridge may import only' },
      { files: { 'src/base/a.ts': "type B = import('../process/b.ts').B" }, message: 'move what is needed down' },
      { files: { 'src/pipeline/a.ts': "import type { B } from '../reach/b.ts'" }, message: 'pipeline may import only' },
      { files: { 'src/reach/a.ts': "import { b } from '../pipeline/b.ts'" }, message: 'reach may import only' },
      {
        files: { 'src/connectors/kafka/a.ts': "import { b } from '../redis/b.ts'" },
        message: 'connectors/kafka may import only base, dispatcher',
      },
      {
        files: { 'src/flow/a.ts': "import { b } from '../threads/b.ts'" },
        message: 'flow may import only base, dispatcher',
      },
      { files: { 'src/observe/a.ts': "import { b } from '../cli/b.ts'" }, message: 'pass it in from cli' },
      { files: { 'src/dispatcher/a.ts': "import { host } from '#host'" }, message: 'dispatcher may import only' },
    ],
    allowed: {
      'src/index.ts': "export { stream } from './bridge/stream.ts'",
      'src/stage/a.ts': "import { b } from '../base/b.ts'\nimport { c } from './c.ts'",
      'src/process/a.ts': "import { host } from '#host'\nimport { b } from './host/b.ts'",
      'src/testing/a.ts': "import { b } from '../stage/b.ts'",
      'src/connectors/kafka/a.ts': "import { b } from '../../pipeline/b.ts'\nimport { c } from './inner/c.ts'",
      'src/cli/a.ts': "import { b } from '../observe/b.ts'\nimport { c } from '../connectors/sqlite/c.ts'",
    },
  },
  {
    title: 'each room of a layer imports only what the table of rooms allows',
    rule: roomsImportInOrder,
    refused: [
      {
        files: { 'src/stage/types/a.ts': "import type { B } from '../kinds/b.ts'" },
        message: 'the room types of stage may import only types: move what both need',
      },
      {
        files: { 'src/stage/callback/a.ts': "import { b } from '../consuming/b.ts'" },
        message: 'the room callback of stage may import only types, protocol.ts, callback',
      },
      { files: { 'src/stage/protocol.ts': "export * from './callback/b.ts'" }, message: 'protocol.ts of stage' },
      { files: { 'src/process/exit/a.ts': "import { b } from '../process.ts'" }, message: 'the room exit of process' },
      { files: { 'src/process/exit/a.ts': "import { host } from '#host'" }, message: 'the room exit of process' },
      { files: { 'src/process/call.ts': "import { b } from './start/start.ts'" }, message: 'the room . of process' },
      { files: { 'src/observe/view/a.ts': "import { b } from '../page/b.ts'" }, message: 'the room view of observe' },
      { files: { 'src/pipeline/state/a.ts': "import { b } from '../stages/b.ts'" }, message: 'the room state of' },
    ],
    allowed: {
      'src/stage/kinds/a.ts': "import { b } from '../callback/b.ts'\nimport { c } from '../protocol.ts'",
      'src/stage/connect.ts': "import { named } from './handles/named.ts'",
      'src/process/reference.ts': "import { link } from './exit/link.ts'",
      'src/process/start/task.ts': "import { b } from '../process.ts'\nimport { c } from '../exit/link.ts'",
      'src/testing/index.ts': "export { a } from './dispatcher/a.ts'",
      'src/bridge/text/inner/a.ts': "import { b } from '../../stream/b.ts'",
    },
  },
  {
    title: 'each file of src stands in a layer, and in a room of it',
    rule: filesStandInALayer,
    refused: [
      { files: { 'src/stray.ts': '' }, message: 'move it into one of base, dispatcher' },
      { files: { 'src/worker/a.ts': '' }, message: 'name the new layer in test/tidy/rooms.ts' },
      { files: { 'src/connectors/stray.ts': '' }, message: 'stands in no layer' },
      {
        files: { 'src/stage/stray.ts': '' },
        message: 'stands in no room of stage: move it into one of types, protocol.ts',
      },
      { files: { 'src/base/queues/a.ts': '' }, message: 'or name the new room in test/tidy/rooms.ts' },
    ],
    allowed: {
      'src/index.ts': '',
      'src/base/a.ts': '',
      'src/process/host/a.ts': '',
      'src/stage/protocol.ts': '',
      'src/connectors/a/b.ts': '',
    },
  },
  {
    title: 'nothing under src imports an index, which is for users',
    rule: indexesAreForUsers,
    refused: [
      {
        files: { 'src/testing/a.ts': "import { start } from '../index.ts'" },
        message: 'import the file that declares',
      },
      { files: { 'src/bridge/a.ts': "import { start } from 'genstage'" }, message: "'genstage', which is for users" },
      { files: { 'src/bridge/a.ts': "export * from '../stage'" }, message: "'../stage', which is for users" },
      { files: { 'src/index.ts': "export * from './testing/index.ts'" }, message: 'import the file that declares' },
    ],
    allowed: { 'src/base/a.ts': "import { b } from './index-of-keys.ts'", 'test/a.ts': "import { b } from 'genstage'" },
  },
  {
    title: 'the core imports no package and no module of a platform',
    rule: coreImportsNothingFromOutside,
    refused: [
      {
        files: { 'src/process/timers.ts': "import 'node:timers'" },
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
    title: 'a leaf imports only packages that are optional peers',
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
    title: 'apps and examples import the library by its public names',
    rule: appsImportPublicNames,
    refused: [
      { files: { 'apps/a/main.ts': "import '../../src/stage/stage.ts'" }, message: 'lies outside apps/a/' },
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
    title: 'no file of src imports itself by a detour, of values or of types',
    rule: noCirclesOfImports,
    refused: [
      {
        files: { 'src/base/a.ts': "import { b } from './b.ts'", 'src/base/b.ts': "export { a } from './a.ts'" },
        message: 'src/base/a.ts -> src/base/b.ts -> src/base/a.ts: move the shared part into a file of its own',
      },
      {
        files: { 'src/base/a.ts': "import type { B } from './b.ts'", 'src/base/b.ts': "import './a.ts'" },
        message: 'src/base/a.ts -> src/base/b.ts -> src/base/a.ts',
      },
      {
        files: { 'src/base/a.ts': "type B = import('./b.ts').B", 'src/base/b.ts': "import type { A } from './a.ts'" },
        message: 'an import of types counts, too',
      },
      {
        files: {
          'src/process/a.ts': "import { host } from '#host'",
          'src/process/host/node.ts': "import { a } from '../a.ts'",
        },
        message: 'src/process/a.ts -> src/process/host/node.ts -> src/process/a.ts',
      },
      {
        files: {
          'src/base/a.ts': "import './b.ts'",
          'src/base/b.ts': "import './c.ts'\nimport './a.ts'",
          'src/base/c.ts': "import './a.ts'",
        },
        message: '-> src/base/a.ts (3 files hang together: src/base/a.ts, src/base/b.ts, src/base/c.ts)',
      },
      {
        files: {
          'src/process/reference.ts': "import { b } from './runtime.ts'",
          'src/process/runtime.ts': "import { a } from './reference.ts'",
        },
        message: 'src/process/reference.ts -> src/process/runtime.ts -> src/process/reference.ts',
      },
      {
        files: {
          'src/process/reference.ts': "import type { B } from './call.ts'",
          'src/process/call.ts': "import type { A } from './reference.ts'",
        },
        message: 'imports itself in a circle',
      },
    ],
    allowed: {
      'src/base/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
      'src/base/b.ts': "import { c } from './c.ts'",
      'src/base/c.ts': "export type { D } from './d.ts'",
      'src/process/process-record.ts': "import type { A } from './reference.ts'\nimport type { B } from './runtime.ts'",
      'src/process/reference.ts': "import type { B } from './runtime.ts'",
      'src/process/runtime.ts': "import type { C } from './process-record.ts'",
    },
  },
]
