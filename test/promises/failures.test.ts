import { describe, test, vi } from 'vitest'
import { type Outcome, runProgram } from './run-program.ts'

// Many programs at the same time, and a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 })

const run = (program: string): Promise<Outcome> => runProgram('failing.ts', [program])

/** How often a text occurs in another. */
const countOf = (text: string, sought: string): number => text.split(sought).length - 1

/** The lines of what a program has written; none where it has written nothing. */
const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

const silence = { code: 0, stderr: '' }

describe.concurrent('three linked stages that fail for one cause', () => {
  test('give exit code 1 and one report that names the stage and the cause', async ({ expect }) => {
    const { code, stderr } = await run('linked')
    expect(code).toBe(1)
    expect(countOf(stderr, 'StageFailure: ')).toBe(1)
    expect(stderr).toContain('StageFailure: producer numbers failed in handleDemand: out of numbers')
    expect(stderr).toContain('[cause]: Error: out of numbers')
    expect(stderr).not.toMatch(/doubled|sink/)
  })

  test('are one uncaught error, raised outside of the run queue', async ({ expect }) => {
    const { code, stdout, stderr } = await run('linked, caught')
    expect({ code, stderr }).toEqual(silence)
    // Another stage replies afterwards.
    expect(linesOf(stdout)).toEqual(['other', '["producer numbers failed in handleDemand: out of numbers"]'])
  })

  test('are as many errors as there are causes', async ({ expect }) => {
    const { stdout } = await run('two causes, caught')
    expect(JSON.parse(stdout)).toEqual([
      expect.stringMatching(/^consumer g1\.1 failed in handleInfo: first$/),
      expect.stringMatching(/^consumer g1\.2 failed in handleInfo: second$/),
    ])
  })
})

describe.concurrent('stages without links', () => {
  test('give exit code 0 and one line in the log, however many fail', async ({ expect }) => {
    const { code, stderr } = await run('unlinked')
    expect(code).toBe(0)
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(/^producer numbers failed in handleDemand: out of numbers \(at .*failing\.ts:\d+:\d+\)+$/),
    ])
  })

  test('give one line when the error’s message has several', async ({ expect }) => {
    const { code, stderr } = await run('unlinked, of many lines')
    expect(code).toBe(0)
    expect(linesOf(stderr)).toEqual([
      expect.stringContaining('consumer wordy failed in handleInfo: first line second line third line'),
    ])
  })
})

describe.concurrent('a requested end', () => {
  test('by stop is silent, and gives exit code 0', async ({ expect }) => {
    expect(await run('stopped')).toEqual({ ...silence, stdout: 'normal\n' })
  })

  test('by exit or kill, or with an error as the reason, is silent, and gives exit code 0', async ({ expect }) => {
    expect(await run('ended by hand')).toEqual({ ...silence, stdout: 'true\nkilled\n' })
  })

  test('by disposal is silent, and gives exit code 0', async ({ expect }) => {
    expect(await run('disposed')).toEqual({ ...silence, stdout: '' })
  })
})

describe.concurrent('a supervisor that gives up', () => {
  const failures = (stderr: string): string[] => linesOf(stderr).filter((line) => line.startsWith('task '))

  test('is reported once, with exit code 1, beside a line for each failure', async ({ expect }) => {
    const { code, stderr } = await run('gives up')
    expect(code).toBe(1)
    expect(countOf(stderr, 'StageFailure: ')).toBe(1)
    expect(stderr).toContain(
      'StageFailure: supervisor boss gave up: more than 2 restarts within 5 seconds; the last: task',
    )
    expect(stderr).toContain('[cause]: Error: cannot run')
    expect(failures(stderr)).toHaveLength(3)
  })

  test('is one uncaught error', async ({ expect }) => {
    const { code, stdout } = await run('gives up, caught')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual([expect.stringContaining('supervisor boss gave up')])
  })

  test('is reported in the same way when it is a consumer supervisor', async ({ expect }) => {
    const { code, stderr } = await run('gives up, of one event each')
    expect(code).toBe(1)
    expect(countOf(stderr, 'StageFailure: ')).toBe(1)
    expect(stderr).toContain('StageFailure: consumer-supervisor pool gave up: more than 1 restarts within 5 seconds')
    expect(failures(stderr)).toHaveLength(2)
  })
})

describe.concurrent('a stage that was started inside another', () => {
  test('fails with its own name, once, when the other is linked to the program', async ({ expect }) => {
    const { code, stderr } = await run('inside a linked stage')
    expect(code).toBe(1)
    expect(countOf(stderr, 'StageFailure: ')).toBe(1)
    expect(stderr).toContain('StageFailure: consumer child failed in handleInfo: boom')
    expect(stderr).not.toContain('parent')
  })

  test('fails with one line in the log when the other has no link', async ({ expect }) => {
    const { code, stderr } = await run('inside an unlinked stage')
    expect(code).toBe(0)
    expect(linesOf(stderr)).toEqual([expect.stringContaining('consumer child failed in handleInfo: boom')])
  })

  test('fails with one line in the log when the other traps exits and continues', async ({ expect }) => {
    const { code, stdout, stderr } = await run('inside a stage that traps exits')
    expect(code).toBe(0)
    expect(linesOf(stderr)).toEqual([expect.stringContaining('consumer child failed in handleInfo: boom')])
    expect(stdout).toContain("exit: ConsumerReference { id: 'g1.2', name: 'child' }")
  })
})

describe.concurrent('a failure', () => {
  test('in terminate is reported, although the end was requested', async ({ expect }) => {
    const { code, stderr } = await run('in terminate')
    expect(code).toBe(1)
    expect(countOf(stderr, 'StageFailure: ')).toBe(1)
    expect(stderr).toContain('StageFailure: consumer untidy failed in terminate: cannot tidy up')
  })

  test('is reported when the thrown value is not an error, even ‘normal’', async ({ expect }) => {
    const { code, stderr } = await run('throws no error')
    expect(code).toBe(1)
    expect(stderr).toContain(
      "StageFailure: consumer odd failed in handleInfo: a callback threw 'normal', which is not an Error",
    )
  })

  test('to start is a rejection, and nothing else', async ({ expect }) => {
    expect(await run('a start that fails')).toEqual({
      ...silence,
      stdout: 'consumer g1.1 could not be started: no database\n',
    })
  })

  test('in a scope is reported as uncaught when the scope has no listener', async ({ expect }) => {
    const { code, stderr } = await run('a scope without a listener')
    expect(code).toBe(1)
    expect(countOf(stderr, 'StageFailure: ')).toBe(1)
    expect(stderr).toContain('StageFailure: consumer inside failed in handleInfo: boom')
  })

  test('in a scope with a listener is passed to the listener', async ({ expect }) => {
    expect(await run('a scope with a listener')).toEqual({
      ...silence,
      stdout: 'consumer inside failed in handleInfo: boom\n',
    })
  })

  test('of a source ends a stream, and is reported for the source', async ({ expect }) => {
    const linked = await run('a stream of a linked source')
    expect(linked.code).toBe(1)
    const unlinked = await run('a stream of an unlinked source')
    expect({ code: unlinked.code, stdout: unlinked.stdout }).toEqual({ code: 0, stdout: 'GENSTAGE_EXIT\n' })
    expect(linesOf(unlinked.stderr)).toEqual([expect.stringContaining('producer numbers failed in handleDemand')])
  })

  test('of a callback that must not be async, and rejects as well, is one failure', async ({ expect }) => {
    const { code, stderr } = await run('async where it may not be')
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(/^producer events failed in handleDemand: expected hash to return/),
    ])
    expect(code).toBe(0)
  })
})

describe.concurrent('a fault outside of any callback', () => {
  test('during an exit is one uncaught error, and the exit continues', async ({ expect }) => {
    const { code, stdout, stderr } = await run('a clock that throws, caught')
    expect({ code, stderr }).toEqual(silence)
    expect(linesOf(stdout)).toEqual(['down', 'enough', '["cannot clear"]'])
  })

  test('in a turn is one uncaught error, and the others have their turns', async ({ expect }) => {
    const { code, stdout, stderr } = await run('a turn that throws, caught')
    expect({ code, stderr }).toEqual(silence)
    expect(linesOf(stdout)).toEqual(['handled', 'handled', '["broken"]'])
  })
})

describe.concurrent('after the exit', () => {
  const goesOn = { ...silence, stdout: 'still here\n' }

  test('a late rejection of a callback, a setup function, a terminate or a task is ignored', async ({ expect }) => {
    expect(await run('late rejection')).toEqual(goesOn)
  })

  test('a call that the stage had made and does not await is ignored', async ({ expect }) => {
    expect(await run('killed while it calls')).toEqual(goesOn)
  })

  test('children of a consumer supervisor that end before they begin are ignored', async ({ expect }) => {
    // Their events are dropped with them, and that is logged.
    const dropped = expect.stringMatching(
      /^consumer-supervisor .* ended and dropped \d+ events? .* whose child was running\n$/,
    )
    expect(await run('stopped while children start')).toEqual({ ...goesOn, stderr: dropped })
  })
})

describe.concurrent('a program', () => {
  test('ends by itself, with exit code 0, while stages are idle', async ({ expect }) => {
    expect(await run('idle')).toEqual({ ...silence, stdout: 'end\n' })
  })

  test('is kept alive by a pending call', async ({ expect }) => {
    expect(await run('a pending call')).toEqual({ ...silence, stdout: 'TimeoutError true\n' })
  })

  test('is kept alive by a message that is due', async ({ expect }) => {
    expect(await run('a message that is due')).toEqual({ ...silence, stdout: 'due\n' })
  })

  test('is not kept alive by a call that has its reply', async ({ expect }) => {
    // Its timeout is ten minutes: a program that waited for that would have been killed, and had no exit code.
    expect(await run('a call that has its reply')).toEqual({ ...silence, stdout: 'me\n' })
  })
})
