import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { type Finding, observer, type Snapshot, snapshot } from '../../src/observe/snapshot/index.ts'
import { counter, hangingConsumer, testRuntime } from '../../src/testing/index.ts'
import { untyped } from '../untyped.ts'
import { slow, starterIn } from './doctor/pipelines.ts'

describe('an observer', () => {
  test('takes a snapshot at once, then at each interval, and keeps them as long as specified', async () => {
    const runtime = testRuntime()
    const watching = observer({ runtime, interval: 100, history: 250 })
    expect(watching.latest.time).toBe(0)
    await runtime.advance(1_050)
    expect(watching.latest.time).toBe(1_000)
    expect(watching.history.map(({ time }) => time)).toEqual([800, 900, 1_000])
    watching.close()
  })

  test('calls its listeners with each new snapshot and what is wrong', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    await (await begin('sink', hangingConsumer<number>())).subscribe(await begin('numbers', counter()))
    const watching = observer({ runtime, interval: 1_000, stuckAfter: 2_000 })
    const received: [number, readonly Finding[]][] = []
    const leave = watching.subscribe(({ time }, findings) => received.push([time, findings]))
    await runtime.advance(2_000)
    leave()
    await runtime.advance(2_000)
    expect(received.map(([time, findings]) => [time, findings.map(({ kind }) => kind)])).toEqual([
      [1_000, ['bottleneck']],
      [2_000, ['stuck-callback']],
    ])
    expect(watching.findings).toMatchObject([{ kind: 'stuck-callback', evidence: { pendingMs: 4_000 } }])
    watching.close()
  })

  test('has busy time counted while it is open', async () => {
    const runtime = testRuntime()
    const begin = starterIn(runtime)
    const sink = await begin('sink', slow(runtime, 100))
    await sink.subscribe(await begin('numbers', counter()), { maxDemand: 1, minDemand: 0 })
    const busy = (of: Snapshot): number | undefined => of.stages.find(({ id }) => id === sink.id)?.busy
    await runtime.advance(1_000)
    expect(busy(snapshot({ runtime }))).toBe(0)
    const watching = observer({ runtime })
    await runtime.advance(1_000)
    expect(watching.latest.isObserved).toBe(true)
    expect(busy(watching.latest)).toBe(1_000_000)
    watching.close()
    expect(snapshot({ runtime }).isObserved).toBe(false)
  })

  test('looks no more once it is closed, and keeps what it saw', async () => {
    const runtime = testRuntime()
    const watching = observer({ runtime, interval: 100 })
    const received: Snapshot[] = []
    watching.subscribe((each) => received.push(each))
    await runtime.advance(200)
    watching.close()
    watching.close()
    await runtime.advance(1_000)
    expect(watching).toMatchObject({ isOpen: false, latest: { time: 200 } })
    expect(received).toEqual(watching.history.slice(1))
  })

  test('rests ten times as long as a look took, where that is longer than its interval', async () => {
    const watching = observer({ runtime: createRuntime(), interval: 10 })
    const looks: number[] = []
    await new Promise<void>((enough) => {
      watching.subscribe(() => {
        const began = performance.now()
        while (performance.now() < began + 20);
        if (looks.push(began) === 4) enough()
      })
    })
    watching.close()
    // A timer may be a millisecond early.
    for (const [index, began] of looks.slice(1).entries()) expect(began - looks[index]!).toBeGreaterThan(215)
  })

  test('that a listener closes looks no more', async () => {
    const runtime = testRuntime()
    const watching = observer({ runtime, interval: 100 })
    watching.subscribe(() => watching.close())
    await runtime.advance(1_000)
    expect(watching.history).toHaveLength(2)
  })

  test('goes on when a listener throws, which is removed and reported', async () => {
    const errors: string[] = []
    const runtime = testRuntime({ logger: { error: (message) => errors.push(message) } })
    const watching = observer({ runtime, interval: 100 })
    const received: number[] = []
    watching.subscribe(() => {
      throw new Error('no paper left')
    })
    watching.subscribe(({ time }) => received.push(time))
    await runtime.advance(200)
    watching.close()
    expect(received).toEqual([100, 200])
    expect(errors).toEqual([
      expect.stringMatching(/^a listener of an observer threw, and was removed: .*no paper left/),
    ])
  })

  test('shows states where they are asked for', async () => {
    const runtime = testRuntime()
    await starterIn(runtime)('numbers', counter())
    const plain = observer({ runtime })
    const showing = observer({ runtime, states: true })
    expect([plain, showing].map(({ latest }) => latest.stages.every((stage) => 'userState' in stage))).toEqual([
      false,
      true,
    ])
    plain.close()
    showing.close()
  })

  test('refuses options that it does not know', () => {
    expect(() => observer({ runtime: createRuntime(), ...untyped({ intervall: 1 }) })).toThrow('did you mean interval?')
    expect(() => observer({ interval: 1 })).toThrow(RangeError)
    expect(() => observer({ busyShare: 1.5 })).toThrow('expected busyShare to be a share above 0 and up to 1, got: 1.5')
  })

  test('does not keep a program alive', () => {
    const program = "import { observer } from './src/observe/snapshot/index.ts'; observer(); console.log('ended')"
    const parameters = ['--conditions=genstage-source', '--import', 'tsx', '--input-type=module', '--eval', program]
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    expect(execFileSync(process.execPath, parameters, { cwd, encoding: 'utf8', timeout: 30_000 })).toBe('ended\n')
  })
})
