import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { limit, own, peers } from './implementations.ts'

const project = join(import.meta.dirname, '..')

/** What figures were taken on, and of what. */
export interface Circumstances {
  readonly at: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memory: string
    readonly system: string
    readonly node: string
    readonly v8: string
    /** How busy it was before, by the load of one minute. */
    readonly load: number
  }
  /** The commit of the library, and whether the tree differs from it. */
  readonly commit: string
  readonly versions: Readonly<Record<string, string>>
}

/** Describes the machine, and the versions of all that is measured on it; the library's is that of its checkout. */
export function circumstances(library: string = project): Circumstances {
  const packages = [limit, ...own, ...peers].flatMap((each) => each.package ?? [])
  return {
    at: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      system: `${process.platform} ${process.arch}`,
      node: process.version,
      v8: process.versions.v8,
      load: loadavg()[0] ?? Number.NaN,
    },
    commit: commitOf(library),
    versions: {
      genstage: versionIn(join(library, 'package.json')),
      ...Object.fromEntries(
        packages.map((name) => [name, versionIn(join(import.meta.dirname, 'node_modules', name, 'package.json'))]),
      ),
    },
  }
}

function versionIn(manifest: string): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return version
}

function commitOf(folder: string): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : ', changed')
  } catch {
    return 'unknown'
  }
}
