import { execFileSync, spawnSync } from 'node:child_process'
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
 * Installs what is compared with, where it is missing, and checks the types of `bench/`: where the project is tested the
 * peers are not there, and what imports them is not checked.
 *
 * @throws {Error} If there are errors in its types.
 */
export function prepare(): void {
  installPeers()
  const errors = typeErrors()
  if (errors.length > 0) throw new Error(`the types of bench/ do not agree:\n${errors.join('\n')}`)
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
  const folder = join(bench, 'dist', `${name}-${process.pid}`)
  const library = join(folder, 'node_modules', 'genstage')
  mkdirSync(library, { recursive: true })
  removeAtExit(folder)
  cpSync(join(from, 'package.json'), join(library, 'package.json'))
  const script = join(project, 'scripts', 'build-modules.ts')
  run(['--import', import.meta.resolve('tsx'), script, join(library, 'dist'), from])
  compile(join(bench, 'tsconfig.build.json'), ['--outDir', folder])
  return { folder }
}

/** Whether what is compared with is installed. */
export function hasPeers(): boolean {
  return existsSync(join(bench, 'node_modules', 'effect'))
}

/**
 * What the compiler says against `bench/`; without the peers, against all of it but what imports one.
 *
 * What it says against the library is left out: whoever measures may be in the middle of changing it.
 */
export function typeErrors(withPeers: boolean = hasPeers()): readonly string[] {
  const config = withPeers ? 'tsconfig.json' : 'tsconfig.own.json'
  const args = [compiler, '-p', join(bench, config), '--pretty', 'false']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
  if (status !== 0 && stdout === '') throw new Error(`the compiler failed: ${stderr}`)
  return stdout.split('\n').filter((line) => line.startsWith('bench/') || line.startsWith('error'))
}

function compile(config: string, options: readonly string[]): void {
  run([compiler, '-p', config, ...options])
}

/** On stderr, for stdout is where results go. */
function run(args: readonly string[]): void {
  execFileSync(process.execPath, args, { stdio: ['ignore', 2, 2] })
}

/** The peers are a package of their own, which nobody installs who does not measure. */
function installPeers(): void {
  if (hasPeers()) return
  console.error('installing what is compared with (npm ci in bench/)')
  execFileSync('npm', ['ci', '--prefix', bench], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function removeAtExit(folder: string): void {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
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
