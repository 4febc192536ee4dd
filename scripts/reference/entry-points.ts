import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's own folder. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** The folder of all pages on what can be imported. */
export const apiFolder = 'docs/reference/api'

/** The page of error codes. */
export const errorsPath = 'docs/reference/errors.md'

/** A module that users can import. */
export interface EntryPoint {
  /** The module specifier, such as `genstage/testing`. */
  readonly specifier: string
  /** Its source file, relative to the project's root. */
  readonly file: string
  /** The folder of its pages, relative to the project's root. */
  readonly folder: string
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly 'genstage-source': string }>>
}

/** Everything that users can import, from the `exports` of package.json. */
export const entryPoints: readonly EntryPoint[] = readEntryPoints()

function readEntryPoints(): EntryPoint[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    return {
      specifier: `genstage${subpath.slice(1)}`,
      file: target['genstage-source'].replace(/^\.\//, ''),
      folder: `${apiFolder}/${subpath === '.' ? 'genstage' : subpath.slice(2)}`,
    }
  })
}

/** The page of an export. Types have a folder, because many have the same name as the function they belong to. */
export function pagePath(entry: EntryPoint, name: string, isType: boolean): string {
  const file = name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()
  return `${entry.folder}/${isType ? 'types/' : ''}${file}.md`
}

/** The page that lists what an entry point exports. */
export function indexPath(entry: EntryPoint): string {
  return `${entry.folder}/README.md`
}

/** The pages that an entry point must have, derived only from the text of its source file. */
export function expectedPages(entry: EntryPoint, text: string): string[] {
  const pages = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, typesOnly, list = '']) =>
    list
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => {
        const name = item.replace(/^type\s+/, '').replace(/^.*\sas\s+/, '')
        return pagePath(entry, name, typesOnly !== undefined || item.startsWith('type '))
      }),
  )
  return [indexPath(entry), ...pages]
}
