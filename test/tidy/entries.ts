import { manifestOf } from './manifest.ts'
import type { ProjectFile, Rule } from './project-file.ts'

/**
 * Each entry of the package is built, with declarations, at the same place in `dist/` as its source has in `src/`.
 *
 * The build reads its entries from `package.json`. It does not find an entry in another form, whose file would then be
 * missing.
 */
export const entriesAreBuilt: Rule = (files) => {
  const { bin = {}, exports = {} } = manifestOf(files)
  return [
    ...Object.entries(exports).flatMap(([name, target]) => judgeEntry(files, name, target)),
    ...Object.entries(bin).flatMap(([name, path]) => judgeProgram(files, name, path)),
  ]
}

function judgeEntry(files: readonly ProjectFile[], name: string, target: unknown): string[] {
  if (name === './package.json') return []
  const { 'genstage-source': source } = (target ?? {}) as { readonly 'genstage-source'?: unknown }
  const place = /^\.\/src\/(.+)\.ts$/.exec(String(source))?.[1]
  if (place === undefined || !files.some(({ path }) => path === `src/${place}.ts`)) {
    return [`exports['${name}'] has no source: name its file in src as 'genstage-source', so that it is built`]
  }
  const wanted = { 'genstage-source': source, types: `./dist/${place}.d.ts`, default: `./dist/${place}.js` }
  if (JSON.stringify(target) === JSON.stringify(wanted)) return []
  return [`exports['${name}'] is not built at the place of its source: write ${JSON.stringify(wanted)}`]
}

function judgeProgram(files: readonly ProjectFile[], name: string, path: string): string[] {
  const place = /^dist\/(.+)\.js$/.exec(path)?.[1]
  if (place !== undefined && files.some((file) => file.path === `src/${place}.ts`)) return []
  return [`bin.${name} is not built: write dist/PLACE.js, where src/PLACE.ts is its source`]
}
