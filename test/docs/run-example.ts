import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, compilers, root } from '../types/compile.ts'
import { type Example, outputPattern } from './examples.ts'

/** A project that uses the library from its sources, with each example as a file in it. */
export interface ExampleProject {
  readonly folder: string
  readonly files: ReadonlyMap<Example, string>
}

/** Creates a project with the examples in a temporary folder. */
export async function projectOf(examples: readonly Example[]): Promise<ExampleProject> {
  const folder = await mkdtemp(join(tmpdir(), 'genstage-docs-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules', 'genstage'), 'junction')
  for (const scope of ['@types', '@opentelemetry']) {
    await symlink(join(root, 'node_modules', scope), join(folder, 'node_modules', scope), 'junction')
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
  const files = new Map<Example, string>()
  for (const example of examples) {
    const file = `${example.place.replaceAll(/[^a-z0-9]+/gi, '-')}.ts`
    files.set(example, file)
    await writeFile(join(folder, file), `${example.code.map(({ text }) => text).join('\n')}\n`)
  }
  return { folder, files }
}

/** The strict options of a careful user. Only syntax is erased that Node erases when it runs TypeScript itself. */
const configuration = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    module: 'nodenext',
    target: 'es2023',
    customConditions: ['genstage-source'],
    types: ['node'],
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['*.ts'],
}

/** Compiles all examples. Returns each error with the line of the document where it is. */
export async function compileExamples({ folder, files }: ExampleProject): Promise<string[]> {
  const native = compilers.find(({ name }) => name === 'TypeScript 7')
  const diagnostics = await compile(native?.path ?? '', folder)
  const examples = new Map([...files].map(([example, file]) => [file, example]))
  return diagnostics.map(({ file, line, code, message }) => {
    const origin = examples.get(file)?.code[line - 1]
    return `${origin === undefined ? `${file}:${line}` : `${origin.file}:${origin.line}`} ${code}: ${message}`
  })
}

/** The outcome of running an example. */
export interface Outcome {
  /** Undefined if it was ended from outside. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** The time in milliseconds after which an example counts as hanging. */
const MOST_TIME = 60_000

/** Runs an example; an endless one until it has printed its stated output. */
export function runExample({ folder, files }: ExampleProject, example: Example): Promise<Outcome> {
  const enough = example.isEndless ? outputPattern(example.printed ?? [], true) : undefined
  return run(folder, files.get(example) ?? '', enough)
}

/** The outcome of running several examples. */
export interface JointOutcome {
  /** The places of the examples that have run to their end. */
  readonly done: readonly string[]
  readonly code: number | undefined
  readonly stderr: string
}

/** Runs examples in one process, one after the other. They share the names of stages. */
export async function runTogether(
  { folder, files }: ExampleProject,
  examples: readonly Example[],
): Promise<JointOutcome> {
  const names = examples.map((example) => files.get(example) ?? '')
  const mark = 'done: '
  const program = `for (const file of ${JSON.stringify(names)}) {
  await import('./' + file)
  console.log('${mark}' + file)
}
`
  await writeFile(join(folder, 'together.mjs'), program)
  const { code, stdout, stderr } = await run(folder, 'together.mjs')
  const lines = new Set(stdout.split('\n'))
  const done = examples.filter((_, index) => lines.has(`${mark}${names[index]}`)).map(({ place }) => place)
  return { done, code, stderr }
}

/** Runs a file, and ends it once its output matches `enough`. */
function run(folder: string, file: string, enough?: RegExp): Promise<Outcome> {
  const parameters = ['--conditions=genstage-source', '--import', import.meta.resolve('tsx'), file]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    const giveUp = setTimeout(() => child.kill('SIGKILL'), MOST_TIME)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (enough?.test(stdout) === true) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(giveUp)
      resolve({ code: code ?? undefined, stdout, stderr })
    })
  })
}
