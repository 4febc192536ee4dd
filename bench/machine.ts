import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { limit, own, peers } from './implementations.ts'

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

/** Describes the machine, and the versions of all that is measured on it. */
export function circumstances(): Circumstances {
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
    commit: commit(),
    versions: {
      genstage: versionIn('../package.json'),
      ...Object.fromEntries(packages.map((name) => [name, versionIn(`node_modules/${name}/package.json`)])),
    },
  }
}

function versionIn(manifest: string): string {
  const { version } = JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8')) as { version: string }
  return version
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '../src') === '' ? '' : ', changed')
  } catch {
    return 'unknown'
  }
}
