import { entriesAreBuilt } from '../entries.ts'
import { type House, manifest } from './house.ts'

const observe = (fields: object) => manifest({ exports: { './observe': fields } })
const source = './src/observe/index.ts'

/** Violations of the rule for the entries of the package. */
export const entryRules: readonly House[] = [
  {
    title: 'each entry of the package is built at the place of its source',
    rule: entriesAreBuilt,
    refused: [
      {
        files: observe({ types: './dist/observe/index.d.ts', default: './dist/observe/index.js' }),
        message: "exports['./observe'] has no source",
      },
      {
        files: observe({ 'genstage-source': source }),
        message: "name its file in src as 'genstage-source'",
      },
      {
        files: { ...manifest({ exports: { './a': './dist/a.js' } }), 'src/a.ts': '' },
        message: "exports['./a'] has no source",
      },
      {
        files: {
          ...observe({
            'genstage-source': source,
            types: './dist/observe/index.d.ts',
            default: './dist/observe.js',
          }),
          'src/observe/index.ts': '',
        },
        message: `write {"genstage-source":"${source}","types":"./dist/observe/index.d.ts","default":"./dist/observe/index.js"}`,
      },
      { files: manifest({ bin: { genstage: 'dist/main.js' } }), message: 'bin.genstage is not built' },
    ],
    allowed: {
      ...manifest({
        bin: { genstage: 'dist/main.js' },
        exports: {
          './observe': {
            'genstage-source': source,
            types: './dist/observe/index.d.ts',
            default: './dist/observe/index.js',
          },
          './package.json': './package.json',
        },
      }),
      'src/observe/index.ts': '',
      'src/main.ts': '',
    },
  },
]
