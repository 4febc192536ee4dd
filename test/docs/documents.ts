import { fileURLToPath } from 'node:url'
import { type ProjectFile, readProject } from '../tidy/project-file.ts'

const files = readProject(fileURLToPath(new URL('../..', import.meta.url)))

/** All text files of the project by their paths, relative to its root. */
export const projectFiles: ReadonlyMap<string, string> = new Map(files.map(({ path, text }) => [path, text]))

/** The documents for users and for contributors: those at the root, and all under `docs/`. */
export const documents: readonly ProjectFile[] = files.filter(
  ({ path }) => /^[^/]+\.md$/.test(path) || (path.startsWith('docs/') && path.endsWith('.md')),
)

/** The sources of the library. */
export const sources: readonly ProjectFile[] = files.filter(
  ({ path }) => path.startsWith('src/') && path.endsWith('.ts'),
)

/** The text of a document. */
export function documentText(path: string): string {
  const text = projectFiles.get(path)
  if (text === undefined) throw new Error(`expected ${path} to exist`)
  return text
}

/** A document without its fenced blocks and comments, line for line. */
export function prose(text: string): string {
  const blank = (match: string): string => match.replaceAll(/[^\n]/g, '')
  return text.replaceAll(/^[ \t]*```[\s\S]*?^[ \t]*```[ \t]*$/gm, blank).replaceAll(/<!--[\s\S]*?-->/g, blank)
}
