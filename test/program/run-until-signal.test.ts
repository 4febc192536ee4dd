import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/** A program that has ended. */
interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of the folder; `onOutput` sees what it has printed so far. */
function run(name: string, mode: string, onOutput: (printed: string, child: ChildProcess) => void): Promise<Run> {
  const path = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=genstage-source', '--import', 'tsx', path, mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    onOutput(stdout, child)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

/** Sends a signal as soon as the program says that it runs. */
function sending(signal: NodeJS.Signals): (printed: string, child: ChildProcess) => void {
  let isSent = false
  return (printed, child) => {
    if (isSent || !printed.includes('running')) return
    isSent = true
    child.kill(signal)
  }
}

function lastLine({ stdout }: Run): unknown {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

describe('a program that is told to end', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s handles what is in flight, and exits with %i', async (signal, code) => {
    const ended = await run('shop', 'quick', sending(signal))
    expect(ended.code).toBe(code)
    const { made, handled, ...rest } = lastLine(ended) as { made: number; handled: number }
    expect(rest).toEqual({ signal, left: [] })
    expect(made).toBeGreaterThan(0)
    expect(handled).toBe(made)
    expect(ended.stderr).toBe('')
  })

  test('stops what has not ended by the deadline, and says what was left undone', async () => {
    const ended = await run('shop', 'stuck', sending('SIGTERM'))
    expect(ended.code).toBe(143)
    const { made, handled, left } = lastLine(ended) as { made: number; handled: number; left: [string, object][] }
    expect(handled).toBe(0)
    const counts = left.flatMap(([, held]) => Object.values(held) as number[])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(made)
    expect(ended.stderr).toContain('left undone: consumer')
  })

  test('ends at once at a second signal', async () => {
    let told = Number.POSITIVE_INFINITY
    const ended = await run('shop', 'endless', (printed, child) => {
      if (!printed.includes('running')) return
      child.kill('SIGINT')
      setTimeout(() => {
        told = performance.now()
        child.kill('SIGTERM')
      }, 500)
    })
    expect(ended.code).toBe(143)
    // It did not wait for its deadline of 10 s, nor come to what it says at an end in order.
    expect(performance.now() - told).toBeLessThan(8_000)
    expect(ended.stdout).toBe('running\n')
  })
})

describe('a program that nobody tells to end', () => {
  test('answers what its function answers, and leaves the exit code alone', async () => {
    const ended = await run('by-itself', 'value', () => {})
    expect(ended.code).toBe(0)
    expect(lastLine(ended)).toEqual({ value: 6, undone: [] })
  })

  test('rejects with the failure of a stage', async () => {
    const ended = await run('by-itself', 'failure', () => {})
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/StageFailure: producer g1\.\d+ failed in handleDemand: out of numbers/)
    expect(ended.stderr.match(/StageFailure:/g)).toHaveLength(1)
  })

  test('rejects with what its function throws', async () => {
    const ended = await run('by-itself', 'throw', () => {})
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('RangeError: wrong from the start')
  })
})
