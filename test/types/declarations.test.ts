import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile, compilers, root, show } from './compile.ts'

// What a user's compiler reads is our declarations, in a project whose options we do not choose.

const program = `
import { consumer, partitionDispatcher, producer, producerConsumer, startLink, stream, to } from 'genstage'

export const Numbers = () =>
  producer({
    dispatcher: partitionDispatcher({ partitions: ['odd', 'even'], hash: (event: number) => [event, 'odd'] }),
    handleDemand: (demand) => [demand],
    handleCall: { size: () => ({ reply: 1 }) },
  })
export const numbers = await startLink(Numbers())
export const strings = await startLink(
  producerConsumer(({ signal }) => ({
    subscribeTo: [to(numbers, { partition: 'odd' })],
    handleEvents: (events: readonly number[]) => (signal.aborted ? [] : events.map((event) => String(event))),
  })),
)
export const sum = await startLink(consumer({ handleEvents(_events: readonly number[]) {} }))
export const subscription = await sum.subscribe(numbers, { partition: 'even' })
const size: number = await numbers.call('size')
for await (const text of stream([strings])) text.padStart(size)
`

const wrong = `
import { sum, strings } from './program.ts'
await sum.subscribe(strings)
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genstage-declarations-'))
  const installed = join(folder, 'node_modules', 'genstage')
  await mkdir(installed, { recursive: true })
  const [, native] = compilers
  const errors = await compile(
    native?.path ?? '',
    root,
    '--project',
    'tsconfig.core.json',
    '--emitDeclarationOnly',
    '--declarationMap',
    'false',
    '--sourceMap',
    'false',
    '--outDir',
    join(installed, 'dist'),
  )
  expect(errors.map(show)).toEqual([])
  await cp(`${root}package.json`, join(installed, 'package.json'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'program.ts'), program)
  await writeFile(join(folder, 'wrong.ts'), wrong)
})

afterAll(() => rm(folder, { recursive: true }))

// A compiler reads all declarations of the platform here: that takes its time on a busy machine.
describe.each(compilers)('$name', { timeout: 60_000 }, ({ path }) => {
  test.each([
    { libraries: 'the default ones', lib: undefined },
    { libraries: 'es2023 alone, so neither the platform nor AsyncDisposable', lib: ['es2023'] },
  ])('compiles a user program strictly against the declarations, with these libraries: $libraries', async ({ lib }) => {
    const configuration = {
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        skipLibCheck: false,
        types: [],
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: true,
        // The user's own declarations must come out too, with our types named in them.
        declaration: true,
        emitDeclarationOnly: true,
        outDir: 'dist',
        rootDir: '.',
        ...(lib === undefined ? {} : { lib }),
      },
      files: ['program.ts', 'wrong.ts'],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    const errors = await compile(path, folder)
    // The one mistake there is: declarations in which everything is `any` would not show it.
    expect(errors.map(show)).toEqual([
      expect.stringMatching(
        /^wrong\.ts:3:21 TS2345: .*'ProducerConsumerRef<number, string>'.*'ProducerRef<number>'[\s\S]*'string'.*'number'/,
      ),
    ])
  })
})
