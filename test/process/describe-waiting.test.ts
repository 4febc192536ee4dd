import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

interface Run {
  readonly code: number | null
  readonly stderr: string
}

const path = fileURLToPath(new URL('./programs/waiting.ts', import.meta.url))

/** Runs a program whose last promise is awaited at top level, or not at all. */
function run(mode: string, variant: 'awaited' | 'left'): Promise<Run> {
  const child = spawn(process.execPath, ['--conditions=genstage-source', '--import', 'tsx', path, mode, variant])
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })))
}

/** What is named, without Node's own warnings and paths. */
function namedIn({ stderr }: Run): string[] {
  const lines = stderr.split('\n')
  const named = lines.filter((line) => line.startsWith('  ') && !line.includes('node:')).map((line) => line.trim())
  // Node 24 points at the await.
  return named.filter((line) => line !== '^')
}

const awaitedTitle = 'genstage: nothing is left to do, and a top-level await is pending. These stages still wait:'
const title = 'genstage: nothing is left to do. These stages still wait:'
const never = 'the promise that it returned is pending, and nothing is left that could settle it'
const advice = 'subscribe it to a producer, with subscribe or with subscribeTo'

describe.concurrent('a program with nothing left to do names', () => {
  test.each([
    [
      'forgotten subscribe',
      [`consumer printer has no subscription: ${advice}`],
      ['producer numbers has no subscriber'],
    ],
    [
      'forgotten subscribe in the middle',
      [
        expect.stringMatching(
          /^producer-consumer double has no subscription, and stream g1\.\d+ waits for its events: /,
        ),
      ],
      ['producer numbers has no subscriber'],
    ],
    [
      'forgotten subscribe at the end',
      ['producer-consumer double holds 1000 events and has no subscriber: subscribe a consumer to it'],
      [],
    ],
    [
      'partition without a subscriber',
      [
        expect.stringMatching(
          /^partition 'odd' of producer numbers holds \d+ events and has no subscriber: subscribe a consumer with \{ partition: 'odd' \}$/,
        ),
      ],
      [],
    ],
    [
      'accumulate without forward',
      ["producer numbers holds its demand back: call demand('forward') once all its consumers have subscribed"],
      [],
    ],
    [
      'manual without ask',
      [
        'producer queue holds 1 event that consumer printer does not ask for: in manual mode a consumer calls ask on its subscription',
      ],
      [],
    ],
    ['callback that never settles', [`consumer printer is in handleEvents with 3 events: ${never}`], []],
    [
      'handleEvent that never settles',
      [
        'consumer printer is in handleEvent with 2 events: 2 promises are pending, and nothing is left that could settle them',
      ],
      [],
    ],
    ['call without a reply', ["call 'size' to producer mute has received no reply"], []],
    [
      'setup that never settles',
      ['producer numbers is still being set up: its promise is pending, and nothing is left that could settle it'],
      [],
    ],
    [
      'events that are never taken',
      ['producer queue holds 2 events and has no subscriber: subscribe a consumer to it'],
      [],
    ],
  ])('the mistake, awaited or not: %s', { timeout: 60_000 }, async (mode, mistakes, besides) => {
    const awaited = await run(mode, 'awaited')
    expect(awaited.stderr).toContain(awaitedTitle)
    expect(namedIn(awaited)).toEqual([...mistakes, ...besides])
    expect(awaited.code).toBe(13)
    const left = await run(mode, 'left')
    expect(left.stderr.split('\n')[0]).toBe(title)
    expect(namedIn(left)).toEqual(mistakes)
    expect(left.code).toBe(0)
  })

  test.each([
    ['source that emits nothing', 'producer numbers was asked for 1000 events that it has not emitted'],
    ['iterable that never yields', 'producer numbers was asked for 1000 events that it has not emitted'],
    ['consumer that outlives its source', `consumer printer has no subscription: ${advice}`],
    ['consumer alone', `consumer printer has no subscription: ${advice}`],
    ['task that waits', `task worker is in task: ${never}`],
    [
      'manual that asks for no more',
      'producer queue holds 2 events that consumer printer does not ask for: in manual mode a consumer calls ask on its subscription',
    ],
    [
      'loop that was left',
      expect.stringMatching(
        /^producer-consumer double holds \d+ events and has no subscriber: subscribe a consumer to it$/,
      ),
    ],
    ['events in a callback whose timer does not keep the program alive', `task poller is in task: ${never}`],
  ])('what a pending await waits for, and nothing where none does: %s', { timeout: 60_000 }, async (mode, wait) => {
    const awaited = await run(mode, 'awaited')
    expect(awaited.stderr).toContain(awaitedTitle)
    expect(namedIn(awaited)).toEqual([wait])
    expect(awaited.code).toBe(13)
    const left = await run(mode, 'left')
    expect(left.code).toBe(0)
    expect(left.stderr).not.toContain('genstage:')
  })

  test.each(['all have ended', 'the program exits by itself', 'the program goes on, and then exits by itself'])(
    'nothing where %s',
    { timeout: 60_000 },
    async (mode) => {
      expect(await run(mode, 'awaited')).toEqual({ code: 0, stderr: '' })
    },
  )
})
