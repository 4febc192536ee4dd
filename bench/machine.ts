import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { limit, own, peers } from './implementations.ts'

const project = join(import.meta.dirname, '..')

/** A state of the project, or of another checkout of it. */
export interface Checkout {
  readonly version: string
  readonly commit: string
  /** What differs from the commit, of that which is measured and measures; empty where nothing does. */
  readonly changed: readonly string[]
}

/** What figures were taken on, and of what. */
export interface Circumstances {
  /** When it began, by Coordinated Universal Time. */
  readonly at: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memory: string
    readonly system: string
    readonly node: string
    readonly v8: string
    /** How busy it was before, by the load of one minute: what has nothing else to do has less than 1. */
    readonly load: number
  }
  /** The library that was measured. */
  readonly library: Checkout
  /** What else was measured, by its package; Node's own streams are of its version. */
  readonly peers: Readonly<Record<string, string>>
}

/** Describes the machine, and the versions of all that is measured on it. */
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
    library: checkoutIn(library),
    peers: Object.fromEntries(
      packages.map((name) => [name, versionIn(join(import.meta.dirname, 'node_modules', name, 'package.json'))]),
    ),
  }
}

function versionIn(manifest: string): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return version
}

/** What is in the folder of a checkout. */
export function checkoutIn(folder: string): Checkout {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const version = versionIn(join(folder, 'package.json'))
  try {
    const commit = git('rev-parse', '--short', 'HEAD').trim()
    const measuring = ['src', 'bench', 'package.json', ':!bench/results', ':!bench/baseline.json']
    const status = git('status', '--porcelain', '--untracked-files=all', '--', ...measuring)
    return { version, commit, changed: status.split('\n').flatMap((line) => line.slice(3) || []) }
  } catch {
    return { version, commit: 'unknown', changed: [] }
  }
}
