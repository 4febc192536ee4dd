import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile, compilers, type Diagnostic, root, show } from './compile.ts'

// The programs in `refused/` hold mistakes, and before each a comment with the errors that compilers must report:
//
//     // @ts-expect-error CODE at TEXT: PART and PART
//
// CODE is the error's number (`TS1|TS2`: either), TEXT what stands in the source where it is reported (likewise), and
// each PART occurs in the message. `npm run types` sees that there are errors in those lines; here, without the
// comments, it is seen that they are the right ones, and that there are no others.
const refused = `${root}test/types/refused`

interface Expectation {
  readonly file: string
  readonly line: number
  readonly codes: readonly string[]
  readonly places: readonly string[]
  readonly parts: readonly string[]
}

const sources = new Map<string, string[]>()
const expectations: Expectation[] = []
let folder: string

for (const file of await readdir(refused)) {
  const lines = (await readFile(join(refused, file), 'utf8')).split('\n')
  sources.set(`refused/${file}`, lines)
  for (const [index, line] of lines.entries()) {
    if (!line.includes('@ts-expect-error')) continue
    const [, codes = '', places = '', parts = ''] = /@ts-expect-error (\S+) at (.+?): (.+)$/.exec(line) ?? []
    expectations.push({
      file: `refused/${file}`,
      // The line after the comment, and lines are counted from 1.
      line: index + 2,
      codes: codes.split('|'),
      places: places.split('|'),
      parts: parts.split(' and '),
    })
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genstage-refused-'))
  await cp(refused, join(folder, 'refused'), { recursive: true })
  await cp(`${root}test/types/equal.ts`, join(folder, 'equal.ts'))
  for (const [file, lines] of sources) {
    await writeFile(join(folder, file), lines.map((line) => line.replace(/\/\/ @ts-expect-error.*/, '//')).join('\n'))
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const configuration = {
    extends: `${root}tsconfig.json`,
    compilerOptions: {
      noEmit: true,
      types: ['node'],
      typeRoots: [`${root}node_modules/@types`],
      paths: {
        genstage: [`${root}src/index.ts`],
        'genstage/bridge': [`${root}src/bridge/index.ts`],
        'genstage/node': [`${root}src/bridge/node/index.ts`],
        'genstage/web': [`${root}src/bridge/web/index.ts`],
      },
    },
    include: ['refused'],
    exclude: [],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
})

afterAll(() => rm(folder, { recursive: true }))

/** The source from where an error is reported to the end of the line. */
function sourceAt({ file, line, column }: Diagnostic): string {
  return sources.get(file)?.[line - 1]?.slice(column - 1) ?? ''
}

describe.each(compilers)('$name', ({ path }) => {
  let diagnostics: Diagnostic[]

  beforeAll(async () => {
    diagnostics = await compile(path, folder)
  })

  test('refuses each mistake at its place, with a message that names what does not fit', () => {
    const complaints: string[] = []
    for (const { file, line, codes, places, parts } of expectations) {
      const found = diagnostics.filter((diagnostic) => diagnostic.file === file && diagnostic.line === line)
      const [diagnostic] = found
      const isRight =
        diagnostic !== undefined &&
        found.length === 1 &&
        codes.includes(diagnostic.code) &&
        places.some((place) => sourceAt(diagnostic).startsWith(place)) &&
        parts.every((part) => diagnostic.message.includes(part))
      if (isRight) continue
      const expected = `${file}:${line} ${codes.join(' or ')} at ${places.join(' or ')} with ${parts.join(' and ')}`
      const got = found.map((each) => `${show(each)}\n(at ${sourceAt(each)})`).join('\n') || 'nothing'
      complaints.push(`expected ${expected}\ngot ${got}`)
    }
    expect(complaints.join('\n\n')).toBe('')
  })

  test('refuses nothing else', () => {
    const isExpected = ({ file, line }: Diagnostic) =>
      expectations.some((expectation) => expectation.file === file && expectation.line === line)
    expect(diagnostics.filter((diagnostic) => !isExpected(diagnostic)).map(show)).toEqual([])
  })

  test('shows both event types in the message of a wrong subscription', () => {
    const line = (sources.get('refused/subscribing.ts')?.indexOf('await sum.subscribe(words)') ?? 0) + 1
    const diagnostic = diagnostics.find((each) => each.file === 'refused/subscribing.ts' && each.line === line)
    expect(diagnostic?.message).toBe(
      "Argument of type 'ProducerRef<string>' is not assignable to parameter of type 'ProducerRef<number>'.\n" +
        "  Type 'string' is not assignable to type 'number'.",
    )
  })
})
