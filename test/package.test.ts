import { execFile, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const nodeModules = join(root, 'node_modules')
const compilers = [
  ['TypeScript 6', join(nodeModules, 'typescript/bin/tsc6')],
  ['TypeScript 7', join(nodeModules, '@typescript/native/bin/tsc')],
] as const

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly imports: Readonly<Record<string, Readonly<Record<string, string | { readonly default: string }>>>>
}
/** What users can import only where they have installed a package beside: an optional peer. */
const peerDoor = 'genstage/opentelemetry'
/** What users can import. */
const doors = Object.keys(manifest.exports)
  .filter((door) => !door.endsWith('.json'))
  .map((door) => door.replace('.', 'genstage'))
  .filter((door) => door !== peerDoor)
/** Those whose types need Node's. */
const nodeOnly = ['genstage/node', 'genstage/program', 'genstage/observe', 'genstage/diagnostics']
/** Those that compile without the types of any platform. */
const portable = doors.filter((door) => !nodeOnly.includes(door))

/** Where the package is built and packed, and where a user's project with it inside is made. */
let folder: string
let tarball: string
let project: string
/** What npm printed when it was installed there. */
let installed: { readonly stdout: string; readonly stderr: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genstage-package-'))
  tarball = await packIn(join(folder, 'build'))
  project = await installIn(join(folder, 'project'))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the tarball', () => {
  test('holds what users need and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', tarball], folder)
    const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[]
    const paths = packed?.files.map(({ path }) => path) ?? []
    const wanted = [...targets(), 'dist/process/host/default.js']
    expect(paths).toEqual(expect.arrayContaining([...wanted, 'LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']))
    expect(paths.filter((path) => !/^(dist|src|docs)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path))).toEqual([])
  })

  test('is installed without a word but that it was', () => {
    const { stdout, stderr } = installed
    expect(stderr).toBe('')
    expect(stdout.trim()).toMatch(/^added 1 package in \d+m?s$/)
  })

  test('passes publint', async () => {
    const { stdout } = await node([join(nodeModules, 'publint/src/cli.js'), 'run', tarball, '--strict'], folder)
    expect(stdout).toContain('All good')
  })

  test('says the version that package.json says', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const declared = /version: string = '(.*)'/.exec(readFileSync(join(root, 'src/base/version.ts'), 'utf8'))?.[1]
    expect(declared).toBe(version)
  })
})

describe('the build', () => {
  const dist = (): string => join(project, 'node_modules/genstage/dist')
  /** The static imports of a built file. */
  const importsOf = (path: string): string[] => {
    const text = readFileSync(join(dist(), path), 'utf8')
    return [...text.matchAll(/^(?:import|(?:import|export|\}).* from) "([^"]+)";$/gm)].map(([, name = '']) => name)
  }
  const isShared = (path: string): boolean => /^shared-[A-Z0-9]{8}\.js$/.test(path)
  /** The files of `imports`, for all conditions. */
  const imported = Object.values(manifest.imports)
    .flatMap((targets) => Object.values(targets))
    .map((target) => (typeof target === 'string' ? target : target.default))
    .filter((path) => path.endsWith('.js'))
  const nameOf = (path: string): string => path.replace(/^(\.\/)?dist\//, '')
  const entries = new Set([...targets(), ...Object.values(manifest.bin), ...imported].map(nameOf))
  const hosts = imported.map(nameOf).filter((path) => path.startsWith('process/host/'))

  test('creates one file for each entry, and shared files', () => {
    const built = (readdirSync(dist(), { recursive: true }) as string[]).filter((path) => path.endsWith('.js'))
    expect(built.filter((path) => !isShared(path)).sort()).toEqual(
      [...entries].filter((path) => path.endsWith('.js')).sort(),
    )
    for (const path of built) {
      const relative = importsOf(path).filter((name) => name.startsWith('.'))
      expect(relative.filter((name) => !isShared(name.replace(/^(\.\.?\/)+/, '')))).toEqual([])
    }
  })

  test('builds each host as a file that imports nothing of the package', () => {
    for (const path of hosts) {
      expect(importsOf(path).filter((name) => !name.startsWith('node:'))).toEqual([])
    }
  })

  test('loads at most three files for the main entry', () => {
    const loaded = new Set<string>()
    const load = (path: string): void => {
      if (loaded.has(path)) return
      loaded.add(path)
      for (const name of importsOf(path)) {
        if (name === '#host') load('process/host/node.js')
        else if (name.startsWith('.')) load(join(dirname(path), name))
      }
    }
    load('index.js')
    expect([...loaded]).toEqual(['index.js', expect.toSatisfy(isShared), 'process/host/node.js'])
  })

  // In bytes, minified and compressed: 2 % more than was measured. The goal is 20,000, and 22,000 for `stream`.
  test.each([
    ['a producer and a consumer', 39_300, 'producer({ handleDemand: () => [] })', ''],
    ['an iterable and a consumer', 40_100, 'fromIterable([1, 2, 3])', ''],
    ['an iterable and a stream', 34_800, 'fromIterable([1, 2, 3])', 'stream'],
  ])('lets a bundler leave out what %s do not use', async (_name, limit, source, reader) => {
    const sink =
      reader === 'stream'
        ? 'for await (const event of stream([source])) console.log(event)'
        : 'await (await startLink(consumer({ handleEvents: console.log }))).subscribe(source)'
    const imports = ['startLink', source.replace(/\(.*/, ''), reader === 'stream' ? 'stream' : 'consumer']
    const program = `
      import { ${imports.join(', ')} } from 'genstage'
      const source = await startLink(${source})
      ${sink}`
    const [text = ''] = await bundled(program, { format: 'esm', platform: 'node', minify: true, target: 'es2022' })
    expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(limit)
    expect(text).not.toMatch(/partitionHash|strategy|one-for-one|onProducerEnd: |Which children/)
  })

  test('has source maps that lead to the sources in the package', async () => {
    writeFileSync(join(project, 'trace.js'), "import { named } from 'genstage'\nnamed('')\n")
    const { stderr } = await node(['--enable-source-maps', 'trace.js'], project).catch(
      (error: { stderr: string }) => error,
    )
    const [, source = '', line = ''] = /\bnamed \(?.*?(\bgenstage\/src\/.*\.ts):(\d+):/.exec(stderr) ?? []
    const text = readFileSync(join(project, 'node_modules', source), 'utf8').split('\n')[Number(line) - 1]
    expect(text).toContain('throw new TypeError(`expected name to be')
  })

  test('shares all state between entries, imported or required', async () => {
    const source = `
      import { createRequire } from 'node:module'
      import { consumer, GenStageError, startLink } from 'genstage'
      import { LineTooLongError } from 'genstage/bridge'
      import { snapshot } from 'genstage/snapshot'
      import { testRuntime } from 'genstage/testing'
      const require = createRequire(import.meta.url)
      const Stage = () => consumer({ handleEvents() {} })
      await startLink(Stage(), { name: 'one' })
      await startLink(Stage(), { name: 'two', runtime: require('genstage/testing').testRuntime() })
      console.log(LineTooLongError.prototype instanceof GenStageError)
      console.log(snapshot().stages.map(({ name }) => name).join())
      console.log(require('genstage/testing').testRuntime === testRuntime)`
    expect(await runModule(source)).toBe('true\none\ntrue\n')
  })
})

describe('the program of README in an empty project', () => {
  beforeAll(() => writeFileSync(join(project, 'program.ts'), readmeProgram()))

  test.each(compilers)('compiles under %s', async (_name, compiler) => {
    const options = { strict: true, types: [], skipLibCheck: false, module: 'nodenext', target: 'es2023', noEmit: true }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['program.ts'] }))
    expect(await complaintsOf(compiler, project)).toBe('')
  })

  test.each(compilers)('compiles under %s for a bundler, with every declaration checked', async (_name, compiler) => {
    const options = { strict: true, types: [], skipLibCheck: false, module: 'esnext', moduleResolution: 'bundler' }
    const exact = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, target: 'es2022', noEmit: true }
    const exported = portable.map((door, index) => `export * as door${index} from '${door}'\n`)
    writeFileSync(join(project, 'doors.ts'), exported.join(''))
    const files = ['program.ts', 'doors.ts']
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, ...exact }, files }))
    expect(await complaintsOf(compiler, project)).toBe('')
  })

  test.each(compilers)(
    "compiles under %s by every door, with Node's types",
    async (_name, compiler) => {
      const types = { types: ['node'], typeRoots: [join(nodeModules, '@types')], skipLibCheck: false }
      const options = { strict: true, module: 'nodenext', target: 'es2023', noEmit: true, ...types }
      const exported = doors.map((door, index) => `export * as door${index} from '${door}'\n`)
      writeFileSync(join(project, 'all-doors.ts'), exported.join(''))
      writeFileSync(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: options, files: ['all-doors.ts'] }),
      )
      expect(await complaintsOf(compiler, project)).toBe('')
    },
    60_000,
  )

  test('runs', async () => {
    // Each of its consumers prints the batches it gets; it is endless, so the second batch is enough.
    const output = await runUntil([...typescriptLoader(), 'program.ts'], project, /\[[^\]]*\][^[]*\[/)
    expect(output).toContain('[')
  })
})

describe('the installed package', () => {
  test('is imported and required as one and the same module', async () => {
    const source = `
      import { createRequire } from 'node:module'
      import * as imported from 'genstage'
      const required = createRequire(import.meta.url)('genstage')
      console.log(typeof required.startLink, required.startLink === imported.startLink)
      console.log(import.meta.resolve('genstage/testing').endsWith('/dist/testing/index.js'))`
    expect(await runModule(source)).toBe('function true\ntrue\n')
  })

  test('is imported by each of its doors', async () => {
    const source = `
      for (const door of ${JSON.stringify(doors)}) {
        const names = Object.keys(await import(door))
        const isBuilt = /\\/genstage\\/dist\\/(?:.*\\/)?index\\.js$/.test(import.meta.resolve(door))
        console.log(door, names.length > 0, isBuilt)
      }`
    expect(await runModule(source)).toBe(doors.map((door) => `${door} true true\n`).join(''))
  })

  test('tells OpenTelemetry, where its API is installed', async () => {
    const attempt = `
      const door = await import('${peerDoor}').catch((error) => error)
      console.log(door.message?.includes("'@opentelemetry/api'") ?? typeof door.instrument)`
    expect(await runModule(attempt)).toBe('true\n')
    const peers = join(project, 'node_modules/@opentelemetry')
    mkdirSync(peers)
    symlinkSync(join(nodeModules, '@opentelemetry/api'), join(peers, 'api'), 'junction')
    expect(await runModule(attempt)).toBe('function\n')
    writeFileSync(join(project, 'instrumented.ts'), `import { instrument } from '${peerDoor}'\ninstrument()()\n`)
    const types = { types: ['node'], typeRoots: [join(nodeModules, '@types')], skipLibCheck: false }
    const compilerOptions = { strict: true, module: 'nodenext', target: 'es2023', noEmit: true, ...types }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['instrumented.ts'] }))
    for (const [, compiler] of compilers) expect(await complaintsOf(compiler, project)).toBe('')
    rmSync(peers, { recursive: true })
  }, 60_000)

  test('serves the live page, and has a command that reads it', async () => {
    const source = `
      import { execFile } from 'node:child_process'
      import { promisify } from 'node:util'
      import { observe } from 'genstage/observe'
      const { url, close } = await observe({ port: 0 })
      const page = await (await fetch(url)).text()
      console.log(page.startsWith('<!doctype html>'), page.length > 10_000)
      const { stdout } = await promisify(execFile)('node_modules/.bin/genstage', ['observe', url, '--json'])
      console.log(JSON.parse(stdout).stages)
      await close()`
    expect(await runModule(source)).toBe('true true\n[]\n')
  })

  test('bridges Node and the Web', async () => {
    const source = `
      import { Readable } from 'node:stream'
      import { startLink } from 'genstage'
      import { decodeText, splitLines } from 'genstage/bridge'
      import { fromReadable } from 'genstage/node'
      import { toReadableStream } from 'genstage/web'
      const bytes = await startLink(fromReadable(Readable.from([Buffer.from('a\\nb'), Buffer.from('c\\n')])))
      const text = await startLink(decodeText({ subscribeTo: [bytes] }))
      const lines = await startLink(splitLines({ subscribeTo: [text] }))
      for await (const line of toReadableStream(lines)) console.log(line)`
    expect(await runModule(source)).toBe('a\nbc\n')
  })

  test('keeps no program alive that does nothing with it', async () => {
    const imports = doors.map((door) => `import '${door}'\n`).join('')
    expect(await runModule(`${imports}console.log('end')`)).toBe('end\n')
  })

  test('refuses the references and stages of another copy of itself in a sentence', async () => {
    const copy = join(project, 'node_modules/other-library/node_modules/genstage')
    cpSync(join(project, 'node_modules/genstage'), copy, { recursive: true })
    const source = `
      import * as ours from 'genstage'
      import * as theirs from './node_modules/other-library/node_modules/genstage/dist/index.js'
      const answer = (attempt) => attempt().then(() => 'taken', (error) => error.name + ': ' + error.message)
      const producer = (genstage) => genstage.producer({ handleDemand: () => [] })
      const ourConsumer = await ours.startLink(ours.consumer({ handleEvents() {} }))
      const theirProducer = await theirs.startLink(producer(theirs))
      console.log(await answer(async () => ourConsumer.subscribe(theirProducer)))
      console.log(await answer(async () => ours.startLink(producer(theirs))))
      console.log(await answer(async () => ourConsumer.subscribe(await ours.startLink(producer(ours)))))`
    const [reference, stage, own, ...rest] = (await runModule(source)).trimEnd().split('\n')
    expect(reference).toMatch(/^TypeError: .*\bcopy\b/)
    expect(stage).toMatch(/^TypeError: .*\bcopy\b/)
    expect(own).toBe('taken')
    expect(rest).toEqual([])
  })
})

describe('a bundle of a program', () => {
  const looking = `
    import { consumer, start } from 'genstage'
    import { observe } from 'genstage/observe'
    async function main() {
      const { url, close } = await observe({ port: 0 })
      await start(consumer({ handleEvents() {} }))
      const page = await fetch(url)
      const snapshot = await fetch(new URL('/snapshot', url))
      console.log(page.status, (await page.text()).startsWith('<!doctype html>'), (await snapshot.json()).stages.length)
      await close()
    }
    main()`

  // One that is made for no platform takes the other host, and must end by itself all the same.
  test.each([
    ['an ES module', 'esm', 'node'],
    ['a CommonJS module', 'cjs', 'node'],
    ['an ES module for no platform', 'esm', 'neutral'],
    ['a CommonJS module for no platform', 'cjs', 'neutral'],
  ] as const)('serves the live page out of itself: %s', async (_name, format, platform) => {
    const output = await runBundle(looking, { format, platform })
    expect(output).toBe('200 true 1\n')
  })

  test('holds the page only where it can be served, and loads it only then', async () => {
    const options = { format: 'esm', platform: 'node', splitting: true } as const
    const page = /<html lang/
    const [main = '', ...chunks] = await bundled(looking, options)
    expect(main).not.toMatch(page)
    expect(chunks.filter((chunk) => page.test(chunk))).toHaveLength(1)
    const others = doors.filter((door) => door !== 'genstage/observe')
    const exported = others.map((door, index) => `export * as door${index} from '${door}'\n`).join('')
    for (const chunk of await bundled(exported, options)) expect(chunk).not.toMatch(page)
  })
})

/** Where each door leads, in the package. */
function targets(): string[] {
  return Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.default, target.types].map((path) => path.replace('./', '')),
  )
}

/** Builds and packs in a folder of its own: the checkout's `dist` may be in use. */
async function packIn(build: string): Promise<string> {
  mkdirSync(build)
  const wanted = /^(package\.json|\.npmrc|tsconfig\..*\.json|src|scripts|docs|LICENSE|.*\.md)$/
  for (const name of readdirSync(root).filter((entry) => wanted.test(entry))) {
    cpSync(join(root, name), join(build, name), { recursive: true })
  }
  symlinkSync(nodeModules, join(build, 'node_modules'), 'junction')
  await run('npm', ['run', 'build'], build)
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], build)
  const packed = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  expect(packed).toHaveLength(1)
  return join(folder, packed[0] ?? '')
}

async function installIn(empty: string): Promise<string> {
  mkdirSync(empty)
  writeFileSync(join(empty, 'package.json'), '{ "private": true, "type": "module" }')
  installed = await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], empty)
  expect(readdirSync(join(empty, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['genstage'])
  return empty
}

/** The first TypeScript block of README that starts something. */
function readmeProgram(): string {
  const readme = join(root, 'README.md')
  const blocks = existsSync(readme) ? [...readFileSync(readme, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)] : []
  const program = blocks.map(([, code = '']) => code).find((code) => code.includes('startLink'))
  if (program === undefined)
    throw new Error('README.md holds no ```ts block with startLink: show the first program there')
  return program
}

/** From 22.18 on Node runs TypeScript itself; before, tsx does. */
function typescriptLoader(): string[] {
  const runsTypeScript = 'typescript' in process.features && process.features.typescript !== false
  return runsTypeScript ? [] : ['--import', import.meta.resolve('tsx')]
}

async function complaintsOf(compiler: string, cwd: string): Promise<string> {
  const { stdout } = await node([compiler, '-p', cwd], cwd).catch((error: { stdout: string }) => error)
  return stdout
}

/** The files of a bundle, its entry first. */
async function bundled(source: string, options: BuildOptions): Promise<readonly string[]> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: project },
    bundle: true,
    external: ['node:*'],
    mainFields: ['module', 'main'],
    outdir: join(project, 'bundle'),
    logLevel: 'error',
    ...options,
    write: false,
  })
  const files = [...outputFiles].sort(({ path }) => (path.endsWith('stdin.js') ? -1 : 1))
  return files.map(({ text }) => text)
}

/** Bundles a program and runs it where the package is not. */
async function runBundle(source: string, options: BuildOptions): Promise<string> {
  const [text = ''] = await bundled(source, options)
  const away = mkdtempSync(join(folder, 'away-'))
  const path = join(away, options.format === 'cjs' ? 'program.cjs' : 'program.mjs')
  writeFileSync(path, text)
  const { stdout } = await node([path], away)
  return stdout
}

async function runModule(source: string): Promise<string> {
  writeFileSync(join(project, 'module.js'), source)
  const { stdout } = await node(['module.js'], project)
  return stdout
}

/** Runs an endless program until its output matches; rejects if it ends, or is silent, before. */
function runUntil(args: readonly string[], cwd: string, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let complaints = ''
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 15_000)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (wanted.test(output)) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(giveUp)
      if (wanted.test(output)) resolve(output)
      else reject(new Error(`the program ended with ${code} or was too slow; it printed:\n${output}${complaints}`))
    })
  })
}

function node(args: readonly string[], cwd: string): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, args, cwd)
}

async function run(command: string, args: readonly string[], cwd: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(command, args, { cwd, env: environment(), timeout: 60_000 })
}

/** What a user's shell has: none of the test runner's settings, and the Node that runs these tests. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|npm_)/i.test(name))
  return { ...Object.fromEntries(kept), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) }
}
