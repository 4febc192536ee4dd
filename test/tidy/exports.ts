import { posix } from 'node:path'
import { targetsOf } from './layers.ts'
import { manifestOf } from './manifest.ts'
import { codeFiles, librarySources, oncePerFile, type ProjectFile, type Rule } from './project-file.ts'
import { exportsOf } from './syntax.ts'

/** What a file takes from others of the project: a path for each import, and the names, `*` for all of them. */
interface Import {
  readonly target: string
  readonly names: readonly string[]
}

/** What one file exports, another imports or an index shows to users. */
export const exportsAreUsed: Rule = (files) => {
  const uses = usesOf(files)
  return librarySources(files)
    .filter(({ path }) => !isIndex(path) && !path.endsWith('.d.ts'))
    .flatMap((file) => {
      const used = uses.get(file.path)
      if (used?.has('*') === true) return []
      return exportsOf(file)
        .filter(({ name }) => used?.has(name) !== true)
        .map(
          ({ name, line }) =>
            `${file.path}:${line}: exports ${name}, which no file imports: delete it, or do not export it`,
        )
    })
}

/** Each file of `src/` is imported, or is where a program begins. */
export const filesAreUsed: Rule = (files) => {
  const uses = usesOf(files)
  const entries = entriesOf(files)
  return librarySources(files)
    .filter(({ path }) => !uses.has(path) && !entries.has(path))
    .map(
      ({ path }) =>
        `${path}: no file imports it, and package.json does not name it: delete it, or name it in exports, imports or bin`,
    )
}

function usesOf(files: readonly ProjectFile[]): ReadonlyMap<string, ReadonlySet<string>> {
  const uses = new Map<string, Set<string>>()
  for (const file of codeFiles(files)) {
    for (const { target, names } of importsOf(file)) {
      const known = uses.get(target) ?? new Set()
      uses.set(target, known)
      for (const name of names) known.add(name)
    }
  }
  return uses
}

// Read without a parser, which would take a second for all tests: `import { a, type B as C } from './d.ts'`,
// `import('./d.ts')` and `import './d.ts'`.
const named = /\b(?:import|export)\s+(?:type\s+)?([\w$*{},\s]+?)\s+from\s*['"](\.[^'"]+|#host)['"]/g
const whole = /\bimport\s*(?:\(\s*)?['"](\.[^'"]+)['"](?:\s*\)\s*\.\s*(\w+))?/g

const importsOf = oncePerFile((file): readonly Import[] => {
  const found: Import[] = []
  for (const [, clause = '', specifier = ''] of file.text.matchAll(named)) {
    for (const target of targetsOf(file, { specifier })) found.push({ target, names: namesIn(clause) })
  }
  for (const [expression, specifier = '', property = '*'] of file.text.matchAll(whole)) {
    const names = expression.includes('(') ? [property === 'then' ? '*' : property] : []
    for (const target of targetsOf(file, { specifier })) found.push({ target, names })
  }
  return found
})

function namesIn(clause: string): string[] {
  if (clause.includes('*')) return ['*']
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  return braces
    .split(',')
    .map((part) => part.trim().replace(/^type\s+/, ''))
    .map((part) => part.replace(/\s+as\s.*$/, ''))
    .filter((name) => name !== '')
}

/** Where users and programs come in: what package.json names, and the script of the live page. */
function entriesOf(files: readonly ProjectFile[]): ReadonlySet<string> {
  const { bin, exports, imports } = manifestOf(files)
  const paths = JSON.stringify([bin, exports, imports]).matchAll(/"(?:\.\/)?((?:src|dist)\/[^"]+)"/g)
  const sources = [...paths].map(([, path = '']) => path.replace(/^dist\//, 'src/').replace(/(\.d)?\.js$/, '.ts'))
  return new Set([...sources, 'src/observe/page/main.ts'])
}

function isIndex(path: string): boolean {
  return posix.basename(path) === 'index.ts'
}
