import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { buildModules } from '../../scripts/build-modules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const areasFolder = join(root, 'test/runtimes/areas')

/** Where in the folder of a build the package is, as if it were installed there. */
const packageFolder = 'node_modules/genstage'

/** An area of the library that runs, or does not, on a runtime: `areas/NAME.ts` prints `ok` where it does. */
export interface Area {
  readonly name: string
  /** What of the library it takes, as a column's head. */
  readonly title: string
  /** Whether it needs the modules of Node. */
  readonly needsNode?: boolean
}

/** In the order of the table in `docs/runtimes.md`. */
export const areas: readonly Area[] = [
  { name: 'core', title: 'stages' },
  { name: 'supervision', title: 'supervisors' },
  { name: 'iterables', title: '`fromIterable`, `stream`' },
  { name: 'text', title: '`genstage/bridge`' },
  { name: 'web', title: '`genstage/web`' },
  { name: 'testing', title: '`genstage/testing`' },
  { name: 'node', title: '`genstage/node`', needsNode: true },
  { name: 'program', title: '`genstage/program`', needsNode: true },
]

/**
 * Builds the package into a folder, as if it were installed there, and beside it the programs of all areas as
 * JavaScript: `NAME.js`. The `dist` of the checkout stays as it is.
 */
export async function buildInto(folder: string): Promise<void> {
  await buildModules(join(folder, packageFolder, 'dist'))
  cpSync(join(root, 'package.json'), join(folder, packageFolder, 'package.json'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  for (const name of readdirSync(areasFolder)) {
    writeFileSync(
      join(folder, name.replace(/\.ts$/, '.js')),
      toJavaScript(readFileSync(join(areasFolder, name), 'utf8')),
    )
  }
}

/** The import map by which a page finds the package of a build, whose folder is served at `/`. */
export function importMap(): string {
  const { exports, imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const entries = Object.entries(exports).flatMap(([door, target]) =>
    typeof target === 'string' ? [] : [[door.replace(/^\./, 'genstage'), target.default]],
  )
  for (const [name, target] of Object.entries(imports)) {
    entries.push([name, typeof target.default === 'string' ? target.default : target.default.default])
  }
  return JSON.stringify({
    imports: Object.fromEntries(entries.map(([name, path = '']) => [name, join('/', packageFolder, path)])),
  })
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly imports: Readonly<Record<string, { readonly default: string | { readonly default: string } }>>
}

function toJavaScript(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText
}
