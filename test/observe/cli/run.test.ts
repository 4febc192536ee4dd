import { consumer, createRuntime, start } from 'genstage'
import { observe } from 'genstage/observe'
import { expect, test } from 'vitest'
import { run } from '../../../src/observe/cli/run.ts'

/** Runs the program as a shell would, on no terminal. */
async function shell(
  ...given: string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const written = { out: '', err: '' }
  const output = (to: 'out' | 'err') => ({
    write(text: string) {
      written[to] += text
      return true
    },
  })
  const { signal } = new AbortController()
  const code = await run(given, { stdout: output('out'), stderr: output('err'), environment: {}, signal })
  return { code, ...written }
}

test('prints a table of the stages once where there is no terminal, and JSON for scripts', async () => {
  const runtime = createRuntime()
  await start(consumer<number>({ handleEvents() {} }), { runtime, name: 'sink' })
  const observation = await observe({ runtime, port: 0, interval: 50 })
  try {
    const table = await shell('observe', observation.url)
    expect(table).toMatchObject({ code: 0, err: '' })
    expect(table.out).toContain('sink')
    const json = await shell('observe', observation.url, '--json')
    expect(json.code).toBe(0)
    expect(JSON.parse(json.out)).toMatchObject({ version: 1, stages: [{ name: 'sink' }] })
  } finally {
    await observation.close()
  }
})

test.each([
  [['observe'], 2],
  [['watch', '4040'], 2],
  [['observe', 'http://127.0.0.1:4040/', '--jsno'], 2],
  [['observe', 'http://127.0.0.1:1/'], 1],
] as const)('ends of %j with exit code %i, and explains why on stderr', async (given, code) => {
  const ended = await shell(...given)
  expect(ended).toMatchObject({ code, out: '' })
  expect(ended.err).toMatch(/^genstage: .+/)
})

test('shows its usage', async () => {
  expect(await shell('--help')).toMatchObject({ code: 0, err: '' })
})
