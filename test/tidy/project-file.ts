import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the project as the rules see it. */
export interface ProjectFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** A rule of the house: returns one sentence for each place that breaks it: what was found, and what to do instead. */
export type Rule = (files: readonly ProjectFile[]) => string[]

/** Picks what belongs to the library itself. */
export function librarySources(files: readonly ProjectFile[]): ProjectFile[] {
  return files.filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'))
}

/** Picks what is written in TypeScript or JavaScript, in `src/` and elsewhere. */
export function codeFiles(files: readonly ProjectFile[]): ProjectFile[] {
  return files.filter(({ path }) => /^((src|test|apps|examples|bench|scripts)\/.*|[^/]*)\.[cm]?[jt]sx?$/.test(path))
}

/** Makes a function of a file that computes its result once for each, however many rules ask for it. */
export function oncePerFile<Result extends object>(
  compute: (file: ProjectFile) => Result,
): (file: ProjectFile) => Result {
  const results = new WeakMap<ProjectFile, Result>()
  return (file) => {
    const known = results.get(file)
    if (known !== undefined) return known
    const result = compute(file)
    results.set(file, result)
    return result
  }
}

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.git'])

/** Reads all text files under `root` that are tracked by git or could be. */
export function readProject(root: string): ProjectFile[] {
  const files: ProjectFile[] = []
  for (const path of listFiles(root)) {
    const text = readText(join(root, path))
    if (text !== undefined) files.push({ path, text })
  }
  return files
}

function listFiles(root: string): string[] {
  try {
    const stdout = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    })
    const paths = [...new Set(stdout.split('\0'))].filter((path) => path !== '')
    if (paths.length > 0) return paths.sort()
  } catch {
    // Unpacked from an archive, or without git: the tree itself is the list.
  }
  return walk(root, '')
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      return entry.isDirectory() ? walk(root, path) : [path]
    })
    .sort()
}

/** Returns `undefined` for what is no text, or was deleted and not yet committed. */
function readText(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined
  const bytes = readFileSync(path)
  return bytes.subarray(0, 8192).includes(0) ? undefined : bytes.toString('utf8')
}
