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

/** Sends a signal as soon as the program reports that it runs. */
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

describe('a program that receives a signal', () => {
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

  test('stops what has not ended by the deadline, and reports what was left undone', async () => {
    const ended = await run('shop', 'stuck', sending('SIGTERM'))
    expect(ended.code).toBe(143)
    const { made, handled, left } = lastLine(ended) as { made: number; handled: number; left: [string, object][] }
    expect(handled).toBe(0)
    const counts = left.flatMap(([, held]) => Object.values(held) as number[])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(made)
    expect(ended.stderr).toMatch(/^consumer .* exited with unhandled events: /m)
  })

  test('ends at once at a second signal', async () => {
    let sentAt = Number.POSITIVE_INFINITY
    const ended = await run('shop', 'endless', (printed, child) => {
      if (!printed.includes('running')) return
      child.kill('SIGINT')
      setTimeout(() => {
        sentAt = performance.now()
        child.kill('SIGTERM')
      }, 500)
    })
    expect(ended.code).toBe(143)
    // It did not wait for its deadline of 10 s, nor reach what it prints after a drain.
    expect(performance.now() - sentAt).toBeLessThan(8_000)
    expect(ended.stdout).toBe('running\n')
  })
})

describe('a signal aborts the signal of', () => {
  const interrupt = async (mode: string) => run('interrupted', mode, sending('SIGTERM'))

  test('the function, whose stages run until it has returned', async () => {
    const ended = await interrupt('function')
    expect(ended).toMatchObject({ code: 143, stderr: '' })
    expect(lastLine(ended)).toMatchObject({ value: 42, undone: [], seen: [['SIGTERM', 'GENSTAGE_INTERRUPTED']] })
  })

  test('the function, which has not failed when it rejects because of that', async () => {
    const ended = await interrupt('abort-error')
    expect(ended).toMatchObject({ code: 143, stderr: '' })
    expect(lastLine(ended)).toEqual({ signal: 'SIGTERM', undone: [], seen: [], isQuick: true })
  })

  test('the function, which fails of whatever else it throws', async () => {
    const ended = await interrupt('throws')
    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toContain('RangeError: could not close')
  })

  test('tasks anywhere in a tree, before its stages are drained, and restarts none of them', async () => {
    const ended = await interrupt('tree')
    expect(ended).toMatchObject({ code: 143, stderr: '', stdout: expect.stringMatching(/^running\n\{/) })
    const { seen, ...rest } = lastLine(ended) as { seen: unknown[] }
    expect(rest).toEqual({ signal: 'SIGTERM', undone: [], isQuick: true })
    expect(seen.filter((entry) => entry !== 'unaware')).toEqual(['shutdown', 8])
  })

  test('the function, which can still start stages', async () => {
    const ended = await interrupt('begun')
    expect(ended).toMatchObject({ code: 143, stderr: '' })
    expect(lastLine(ended)).toEqual({ signal: 'SIGTERM', undone: [], seen: [2], isQuick: true })
  })

  test('no child of a consumer supervisor: it is in flight, and finishes', async () => {
    const ended = await interrupt('children')
    expect(ended).toMatchObject({ code: 143, stderr: '' })
    expect(lastLine(ended)).toMatchObject({ undone: [], seen: [1, 2, 3], isQuick: true })
  })

  test('the function, and drains the stages after half of the deadline if it waits for that', async () => {
    const ended = await interrupt('waiting')
    expect(lastLine(ended)).toMatchObject({ value: 'shutdown', undone: [], seen: ['interrupted'] })
    expect(ended.stderr).toBe(
      'started to drain the stages 500 ms after SIGTERM: the function of the program had not ended\n',
    )
  })

  test('the function, and what its stages hold is handled when it has returned', async () => {
    const ended = await interrupt('drains')
    expect(ended).toMatchObject({ code: 143, stderr: '' })
    expect(lastLine(ended)).toEqual({ signal: 'SIGTERM', undone: [], seen: [true, 0], isQuick: true })
  })

  test('the function only if it reads it: one that never returns is given up at the deadline', async () => {
    const ended = await interrupt('never')
    expect(lastLine(ended)).toEqual({ signal: 'SIGTERM', undone: [], seen: [], isQuick: true })
    expect(ended.stderr).toBe('the function of the program did not return after SIGTERM\n')
  })

  test('the function, so that a server in front of stages replies to what it has accepted', async () => {
    const ended = await interrupt('server')
    expect(ended).toMatchObject({ code: 143, stderr: '' })
    expect(lastLine(ended)).toEqual({ signal: 'SIGTERM', undone: [], seen: ['42', '42'], isQuick: true })
  })
})

test('children that the deadline cuts off, or that fail and are not started again, are undone, and logged', async () => {
  const ended = await run('interrupted', 'children at the deadline', sending('SIGTERM'))
  expect(ended.code).toBe(143)
  const { undone, seen } = lastLine(ended) as { undone: unknown; seen: unknown }
  expect(seen).toEqual([1, 2, 3])
  expect(undone).toEqual([
    {
      label: 'consumer-supervisor work',
      reason: 'shutdown',
      remaining: { handling: 0, mailbox: 0, children: 1, failed: 1 },
    },
  ])
  expect(ended.stderr).toContain(
    'consumer-supervisor work ended and dropped 2 events: 1 whose child was running, 1 whose child failed and was not started again\n',
  )
  expect(ended.stderr).toContain('failed in task: of no use')
})

test('the failure of a stage aborts the signal of the function, too', async () => {
  const ended = await run('interrupted', 'failure', () => {})
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(lastLine(ended)).toEqual({ isFailure: true, seen: [true] })
})

describe('a program that receives no signal', () => {
  test('returns what its function returns, and leaves the exit code alone', async () => {
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
