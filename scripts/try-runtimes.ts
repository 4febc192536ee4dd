// Runs the programs of test/runtimes on every runtime that is available here, against the built package, and writes the
// results to docs/runtimes.md.
//
//     npm run runtimes [-- --check]
//
// With `--check` the page is not changed. Exits with code 1 if a program fails whose API the runtime has.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { launchChromium, NO_CHROMIUM } from '../test/browser/chromium.ts'
import { serveBuild, tryArea } from '../test/browser/try-area.ts'
import { areas, buildInto } from '../test/runtimes/build.ts'
import { type Row, runtimesPage, runtimesPath } from '../test/runtimes/page.ts'

interface Runtime {
  readonly name: string
  /** The npm package that brings it. */
  readonly from: string
  /** Prints the path of its program, when handed to npx. */
  readonly locate: readonly string[]
  /** What stands before the path of a program. */
  readonly run: readonly string[]
}

const nodeRuntime = (major: number): Runtime => ({
  name: `Node.js ${major}`,
  from: `node@${major}`,
  locate: ['node', '-p', 'process.execPath'],
  run: [],
})

const runtimes: readonly Runtime[] = [
  nodeRuntime(20),
  nodeRuntime(22),
  nodeRuntime(24),
  { name: 'Bun', from: 'bun@1.4.5', locate: ['bun', '-p', 'process.execPath'], run: ['run'] },
  {
    name: 'Deno',
    from: 'deno@2.9.6',
    locate: ['deno', 'eval', 'console.log(Deno.execPath())'],
    run: ['run', '--allow-all', '--quiet'],
  },
]

const execute = promisify(execFile)

/** Tries each area, and returns the results. */
async function tryAreas(
  runtime: string,
  attempt: (name: string) => Promise<void>,
  hasNode: boolean,
): Promise<Row['seen']> {
  const seen = new Map<string, 'works' | 'fails'>()
  for (const { name, needsNode } of areas) {
    if (needsNode === true && !hasNode) continue
    const error: unknown = await attempt(name).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    seen.set(name, error === undefined ? 'works' : 'fails')
    if (error === undefined) continue
    console.log(`${runtime}, ${name}:`, error)
    process.exitCode = 1
  }
  return seen
}

async function tryRuntime({ name, from, locate, run }: Runtime, folder: string): Promise<Row | undefined> {
  const located = await execute('npx', ['-y', '-p', from, '--', ...locate], { timeout: 300_000 }).catch(() => undefined)
  if (located === undefined) {
    console.log(`SKIPPED ${name}: the npm package ${from} is not available here`)
    return undefined
  }
  const path = located.stdout.trim()
  const { stdout: versionText } = await execute(path, ['--version'])
  const version = /\d+\.\d+\.\d+/.exec(versionText)?.[0] ?? ''
  const attempt = async (area: string): Promise<void> => {
    const { stdout } = await execute(path, [...run, `${area}.js`], { cwd: folder, timeout: 60_000 })
    if (stdout.trimEnd().split('\n').at(-1) !== 'ok') throw new Error(`expected it to print ok, got: ${stdout}`)
  }
  return { name, version, seen: await tryAreas(name, attempt, true) }
}

async function tryChromium(folder: string): Promise<Row | undefined> {
  const browser = await launchChromium()
  if (browser === undefined) {
    console.log(`SKIPPED Chromium: ${NO_CHROMIUM}`)
    return undefined
  }
  const site = await serveBuild(folder)
  try {
    const seen = await tryAreas('Chromium', (area) => tryArea(browser, site, area), false)
    return { name: 'Chromium', version: browser.version(), seen }
  } finally {
    await site.close()
    await browser.close()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'genstage-runtimes-'))
try {
  await buildInto(folder)
  const rows: Row[] = []
  for (const attempt of [...runtimes.map((runtime) => () => tryRuntime(runtime, folder)), () => tryChromium(folder)]) {
    const row = await attempt()
    if (row === undefined) continue
    rows.push(row)
    console.log(row.name, row.version, ...[...row.seen].map(([area, what]) => `${area} ${what};`))
  }
  const path = fileURLToPath(new URL(`../${runtimesPath}`, import.meta.url))
  if (!process.argv.includes('--check')) writeFileSync(path, runtimesPage(rows, readFileSync(path, 'utf8')))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
