import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('.', import.meta.url))
const project = join(bench, '..')
const compiler = join(project, 'node_modules', '@typescript', 'native', 'bin', 'tsc')

/** A build of the library, with the workloads beside it. */
export interface Build {
  /** Where the compiled files of `bench/` are. */
  readonly folder: string
}

/**
 * Compiles the library as `npm run build` does, and `bench/`, into a folder of their own, so that nobody who builds or
 * edits the sources meanwhile is in the way; and so that what is measured is plain JavaScript on plain Node.
 *
 * The library stands in the folder's `node_modules`, as an installed package would; the peers are found further up.
 *
 * @param from The project whose library is compiled: this one, or a copy of it at another commit.
 */
export function build(name: string, from: string = project): Build {
  installPeers()
  const folder = join(bench, 'dist', `${name}-${process.pid}`)
  const library = join(folder, 'node_modules', 'genstage')
  mkdirSync(library, { recursive: true })
  removeAtExit(folder)
  cpSync(join(from, 'package.json'), join(library, 'package.json'))
  for (const config of ['tsconfig.node.json', 'tsconfig.core.json']) {
    compile(join(from, config), ['--outDir', join(library, 'dist'), '--noCheck'])
  }
  compile(join(bench, 'tsconfig.build.json'), ['--outDir', folder])
  return { folder }
}

function compile(config: string, options: readonly string[]): void {
  execFileSync(process.execPath, [compiler, '-p', config, ...options], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The peers are a package of their own, which nobody installs who does not measure. */
function installPeers(): void {
  if (existsSync(join(bench, 'node_modules', 'effect'))) return
  console.error('installing what is compared with (npm ci in bench/)')
  execFileSync('npm', ['ci', '--prefix', bench], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function removeAtExit(folder: string): void {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  // Those of runs that were killed.
  const dist = join(bench, 'dist')
  for (const other of readdirSync(dist)) {
    const owner = Number(/-(\d+)$/.exec(other)?.[1])
    if (owner !== process.pid && !isAlive(owner)) rmSync(join(dist, other), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
