import { consumer, start } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { gate } from './gate.ts'
import { acting, collecting, idle, recordingLogger } from './plain-stages.ts'

describe('exit signals', () => {
  test('end a process at once, in the middle of a pending callback and without terminate', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const never = gate()
    const ref = await start(
      consumer({
        handleEvents() {},
        async handleInfo(message: string) {
          ran.push(message)
          await never.promise
          ran.push('after the end')
        },
        terminate() {
          ran.push('terminate')
        },
      }),
      { runtime },
    )
    ref.send('pending')
    ref.send('waiting')
    await runtime.settle()
    ref.exit('enough')
    expect(await ref.exited).toBe('enough')
    expect(ran).toEqual(['pending'])
  })

  test('come before what is in the mailbox', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const ref = await start(collecting(received), { runtime })
    ref.send('dropped')
    ref.exit('enough')
    expect(await ref.exited).toBe('enough')
    expect(received).toEqual([])
  })

  test('of reason normal mean nothing', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const ref = await start(collecting(received), { runtime })
    ref.exit('normal')
    ref.send('still here')
    await runtime.settle()
    expect(received).toEqual(['still here'])
  })

  test('that are trapped wait their turn, as { exit, reason }', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const waiting = gate()
    const child = await start(idle(), { runtime })
    const ref = await start(
      consumer((stage) => {
        stage.link(child)
        return {
          trapExit: true,
          handleEvents() {},
          async handleInfo(message: unknown) {
            received.push(message)
            await waiting.promise
          },
        }
      }),
      { runtime },
    )
    ref.send('pending')
    ref.send('before')
    await runtime.settle()
    ref.exit('by hand')
    ref.exit('normal')
    child.exit('of a link')
    await runtime.settle()
    expect(received).toEqual(['pending'])
    waiting.open()
    await runtime.settle()
    expect(received).toEqual([
      'pending',
      'before',
      { exit: undefined, reason: 'by hand' },
      { exit: undefined, reason: 'normal' },
      { exit: child, reason: 'of a link' },
    ])
    expect((received[4] as { exit: unknown }).exit).toBe(child)
  })

  test('of kind kill cannot be trapped, and other processes receive killed', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const terminated: unknown[] = []
    const target = await start(
      consumer({
        trapExit: true,
        handleEvents() {},
        handleInfo: () => new Promise<void>(() => {}),
        terminate(reason) {
          terminated.push(reason)
        },
      }),
      { runtime },
    )
    const linked = await start(
      consumer((stage) => {
        stage.link(target)
        stage.monitor(target)
        return {
          trapExit: true,
          handleEvents() {},
          handleInfo(message: unknown) {
            received.push(message)
          },
        }
      }),
      { runtime },
    )
    target.send('pending')
    await runtime.settle()
    target.exit('kill')
    expect(await target.exited).toBe('killed')
    await runtime.settle()
    expect(received).toEqual([
      { down: target, reason: 'killed' },
      { exit: target, reason: 'killed' },
    ])
    expect(terminated).toEqual([])
    await linked.stop()
  })

  test('of the parent stop a process that traps exits, through terminate, whatever the reason', async () => {
    for (const reason of ['normal', 'boom'] as const) {
      const runtime = testRuntime()
      const terminated: unknown[] = []
      const received: unknown[] = []
      const Child = () =>
        consumer({
          trapExit: true,
          handleEvents() {},
          handleInfo(message: unknown) {
            received.push(message)
          },
          terminate(why) {
            terminated.push(why)
          },
        })
      const parent = await start(
        consumer(async (stage) => {
          await stage.startLink(Child())
          return { handleEvents() {}, handleInfo: (why: unknown) => ({ stop: why as string }) }
        }),
        { runtime },
      )
      parent.send(reason)
      await runtime.settle()
      expect({ terminated, received }).toEqual({ terminated: [reason], received: [] })
    }
  })

  test('to a process that is in its terminate end it there', async () => {
    const runtime = testRuntime()
    const ref = await start(consumer({ handleEvents() {}, terminate: () => new Promise<void>(() => {}) }), { runtime })
    const stopping = ref.stop()
    await runtime.settle()
    ref.exit('kill')
    await expect(stopping).rejects.toMatchObject({ code: 'GENSTAGE_EXIT', reason: 'killed' })
  })

  test('that a process sends to itself end it once, whatever it is about to wait for', async () => {
    const lines: string[] = []
    const runtime = testRuntime({ logger: recordingLogger(lines) })
    const waiting = gate()
    const received: unknown[] = []
    const ref = await start(
      acting(async (_message, { self }) => {
        self.exit('kill')
        await waiting.promise
      }),
      { runtime, name: 'once' },
    )
    const watching = await start(
      consumer((stage) => {
        stage.monitor(ref)
        return {
          handleEvents() {},
          handleInfo(message: unknown) {
            received.push(message)
          },
        }
      }),
      { runtime },
    )
    ref.send('')
    expect(await ref.exited).toBe('killed')
    await runtime.settle()
    // The name belongs to another process by the time the callback resumes.
    const heir = await start(idle(), { runtime, name: 'once' })
    waiting.open()
    await runtime.settle()
    expect(received).toEqual([{ down: ref, reason: 'killed' }])
    expect(lines.filter((line) => line.includes('once ended'))).toHaveLength(1)
    await heir.stop()
    await watching.stop()
  })
})
