import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// The comment at the end of each example contains all of its output. Some examples wait for a few milliseconds, which may
// take longer on a busy machine: hence the retry.
const folder = fileURLToPath(new URL('../../examples/', import.meta.url))
const examples = readdirSync(folder).filter((file) => file.endsWith('.ts'))

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(example: string): Promise<Outcome> {
  const parameters = ['--conditions=genstage-source', '--import', 'tsx', `${folder}${example}`]
  return new Promise((resolve) => {
    const child = execFile(process.execPath, parameters, { timeout: 30_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

function statedIn(example: string): string | undefined {
  const text = readFileSync(`${folder}${example}`, 'utf8')
  return /\n\/\* prints:\n([\s\S]*)\*\/\n$/.exec(text)?.[1]
}

test('examples are numbered, and shorter than 60 lines', () => {
  const numbers = examples.map((file) => Number(/^(\d\d)-[a-z-]+\.ts$/.exec(file)?.[1]))
  expect(numbers).toEqual(examples.map((_, index) => index + 1))
  const lengths = examples.map((file) => readFileSync(`${folder}${file}`, 'utf8').trimEnd().split('\n').length)
  expect(Math.max(...lengths)).toBeLessThan(60)
})

const dropping = expect.stringMatching(/^(.* ended and dropped \d+ events?.*\n)+$/)

describe.concurrent('an example ends by itself, and prints what it states', () => {
  test.each(examples)('%s', { retry: 1, timeout: 40_000 }, async (example) => {
    const { code, stdout, stderr } = await run(example)
    // An example that drops events on purpose mentions it in a comment, and warnings are expected.
    const isDropping = readFileSync(`${folder}${example}`, 'utf8').includes('counted on stderr')
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: isDropping ? dropping : '' })
    expect(stdout).toBe(statedIn(example))
  })
})
