import type { ProjectFile } from './project-file.ts'

/** What the rules read in `package.json`. */
export interface Manifest {
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly imports?: Readonly<Record<string, unknown>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly scripts?: Readonly<Record<string, string>>
}

/** Reads `package.json`; empty where there is none. */
export function manifestOf(files: readonly ProjectFile[]): Manifest {
  const manifest = files.find(({ path }) => path === 'package.json')
  return manifest === undefined ? {} : (JSON.parse(manifest.text) as Manifest)
}
