import { consumer, createRuntime, createScope, type ProcessRef, type Stage, type StageFailure, start } from 'genstage'
import { diagnose, healthy, observer, snapshot, toMermaid } from 'genstage/snapshot'
import { describe, expect, test, vi } from 'vitest'
import type { Untyped } from '../untyped.ts'

vi.setConfig({ testTimeout: 90_000 })

/** Longer than any stack is deep. */
const depth = 20_000

const quiet = () => createRuntime({ logger: { debug() {}, info() {}, warn() {}, error() {} } })

/** Stages in a scope, each of which has started the next one linked to itself: all of them, the first one first. */
async function chain(runtime: ReturnType<typeof createRuntime>) {
  const scope = createScope({ runtime })
  const failure = scope.done.catch((error: StageFailure) => error)
  const refs: ProcessRef[] = []
  const link = (left: number): Stage<ProcessRef> =>
    consumer(async (stage) => {
      refs.push(stage.self)
      if (left > 1) await stage.startLink(link(left - 1))
      return {
        handleEvents() {},
        handleInfo(): void {
          throw new Error('boom')
        },
      }
    })
  await scope.startLink(link(depth))
  return { refs, failure }
}

describe('a chain of 20,000 linked stages', () => {
  test.each([
    ['first', 0],
    ['last', depth - 1],
    ['middle', depth / 2],
  ])('fails as one when its %s stage fails, which is reported once', async (_which, index) => {
    const { refs, failure } = await chain(quiet())
    refs[index]?.send('go')
    const reasons = await Promise.all(refs.map(({ exited }) => exited))
    expect(new Set(reasons)).toEqual(new Set([new Error('boom')]))
    expect(await failure).toMatchObject({
      stage: expect.stringMatching(new RegExp(`^consumer g\\d+\\.${index + 1}$`)),
      callback: 'handleInfo',
    })
  })

  test('without a linked scope is one line in the log', async () => {
    const lines: string[] = []
    const runtime = createRuntime({
      logger: { debug() {}, info() {}, warn() {}, error: (line: string) => void lines.push(line) },
    })
    const refs: ProcessRef[] = []
    const first = await start(
      consumer((stage) => ({
        handleEvents() {},
        async handleInfo(message: unknown) {
          if (message === 'fail') throw new Error('boom')
          // A ring: each is linked to the next, and the last to the first.
          let last = stage.self as ProcessRef
          for (let count = 1; count < depth; count++) {
            const before = last
            last = await start(
              consumer(({ link }) => {
                link(before)
                return { handleEvents() {} }
              }),
              { runtime },
            )
            refs.push(last)
          }
          stage.link(last)
        },
      })),
      { runtime },
    )
    first.send('grow')
    first.send('fail')
    await first.exited
    await Promise.all(refs.map(({ exited }) => exited))
    expect(lines).toEqual([expect.stringContaining('failed in handleInfo: boom')])
  })

  test('can be observed, and the tree can be converted to JSON', async () => {
    const runtime = quiet()
    const { refs, failure } = await chain(runtime)
    const seen = snapshot({ runtime })
    expect(seen.stages).toHaveLength(depth)
    let places = 0
    let levels = 0
    for (let level = seen.tree; level.length > 0; level = level.flatMap(({ children }) => children)) {
      places += level.length
      levels++
    }
    expect({ places, levels }).toEqual({ places: depth, levels: 200 })
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen)
    expect(toMermaid(seen)).toContain(`${depth} × consumer`)
    expect(diagnose([seen])).toEqual([])
    expect(healthy({ runtime }).isHealthy).toBe(true)
    const watching = observer({ runtime })
    expect(watching.findings).toEqual([])
    watching.close()
    refs[0]?.send('go')
    expect(await failure).toMatchObject({ callback: 'handleInfo' })
  })

  test('may call each other along it, and a call that closes a circle is refused', async () => {
    const runtime = quiet()
    const options = { timeout: Number.POSITIVE_INFINITY }
    const refs: Untyped[] = []
    const Passing = (index: number) =>
      consumer(({ call }) => ({
        handleEvents() {},
        handleCall: {
          pass: async () => ({
            reply: await call<Untyped, 'pass'>(refs[(index + 1) % depth], 'pass', undefined, options),
          }),
        },
      }))
    refs.push(...(await Promise.all(Array.from({ length: depth }, (_, index) => start(Passing(index), { runtime })))))
    let cause: Untyped = await refs[0].call('pass', undefined, options).catch((error: unknown) => error)
    while (cause.code === 'GENSTAGE_EXIT') cause = cause.cause
    expect(cause.code).toBe('GENSTAGE_DEADLOCK')
    expect(cause.stages).toHaveLength(depth)
  })
})

describe('a scope of 40,000 stages', () => {
  /** How long it computes to dispose of a scope of so many stages, in milliseconds. */
  async function disposal(count: number): Promise<number> {
    const scope = createScope({ runtime: quiet() })
    await Promise.all(Array.from({ length: count }, () => scope.startLink(consumer({ handleEvents() {} }))))
    const before = process.cpuUsage()
    await scope[Symbol.asyncDispose]()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }

  test('is disposed of in time that grows with their number, not with its square', async () => {
    await disposal(2_000)
    const few = await disposal(10_000)
    // Four times as many: four times as long, and not sixteen.
    expect(await disposal(40_000)).toBeLessThan(few * 7)
  })
})
