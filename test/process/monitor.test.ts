import { consumer, type Down, type Monitor, named, type ProcessRef, start } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { acting, idle } from './plain-stages.ts'

/** A stage that watches what it is sent to watch, and records what it receives. */
const Watcher = (received: unknown[], monitors: Monitor[] = []) =>
  acting((message: { watch: ProcessRef } | Down, stage) => {
    if ('watch' in message) monitors.push(stage.monitor(message.watch))
    else received.push(message)
  })

describe('a monitor', () => {
  test.each([
    ['normal', (ref: ProcessRef) => void ref.stop()],
    ['shutdown', (ref: ProcessRef) => void ref.stop('shutdown')],
    ['boom', (ref: ProcessRef) => ref.exit('boom')],
    ['killed', (ref: ProcessRef) => ref.exit('kill')],
  ])('reports an end with reason %s, exactly once', async (reason, end) => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const target = await start(idle(), { runtime })
    const watcher = await start(Watcher(received), { runtime })
    watcher.send({ watch: target })
    await runtime.settle()
    expect(received).toEqual([])
    end(target)
    await runtime.settle()
    expect(received).toEqual([{ down: target, reason }])
    target.exit('kill')
    await runtime.settle()
    expect(received).toHaveLength(1)
  })

  test('of each kind reports once, under every schedule', async () => {
    await shuffled(100, async (runtime) => {
      const received: Down[] = []
      const targets = await Promise.all(Array.from({ length: 5 }, () => start(idle(), { runtime })))
      const watcher = await start(Watcher(received as unknown[]), { runtime })
      for (const target of targets) {
        watcher.send({ watch: target })
        watcher.send({ watch: target })
      }
      for (const target of targets) target.exit('kill')
      await runtime.settle()
      // Whether it was watched before its end or after: it is reported once per monitor.
      const counts = targets.map((target) => received.filter(({ down }) => down === target).length)
      expect(counts).toEqual([2, 2, 2, 2, 2])
      for (const { reason } of received) expect(['killed', 'noproc']).toContain(reason)
    })
  })

  test('of a process that has ended reports noproc at once, while exited keeps the reason', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const target = await start(idle(), { runtime })
    await target.stop({ shutdown: 'the real reason' })
    const watcher = await start(Watcher(received), { runtime })
    watcher.send({ watch: target })
    await runtime.settle()
    expect(received).toEqual([{ down: target, reason: 'noproc' }])
    expect(await target.exited).toEqual({ shutdown: 'the real reason' })
  })

  test('reports only after all that the process had sent before', async () => {
    await shuffled(50, async (runtime) => {
      const received: unknown[] = []
      const target = await start(
        acting((to: ProcessRef) => {
          to.send({ sent: 1 })
          to.send({ sent: 2 })
          return { stop: 'normal' }
        }),
        { runtime },
      )
      const watcher = await start(Watcher(received), { runtime })
      watcher.send({ watch: target })
      await runtime.settle()
      target.send(watcher)
      await runtime.settle()
      expect(received).toEqual([{ sent: 1 }, { sent: 2 }, { down: target, reason: 'normal' }])
    })
  })

  test('that is cancelled reports nothing, even if its message is already in the mailbox', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const monitors: Monitor[] = []
    const target = await start(idle(), { runtime })
    const watcher = await start(Watcher(received, monitors), { runtime })
    watcher.send({ watch: target })
    watcher.send({ watch: target })
    await runtime.settle()
    monitors[0]?.cancel()
    const ended = await start(
      acting(() => {
        // In its turn, before the watcher's: the message is in the mailbox by now.
        monitors[1]?.cancel()
      }),
      { runtime },
    )
    target.exit('kill')
    ended.send('')
    await runtime.settle()
    expect(received).toEqual([])
    monitors[1]?.cancel()
  })

  test('of a process that has ended may be cancelled at once', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const target = await start(idle(), { runtime })
    await target.stop()
    const watcher = await start(
      acting((message, stage) => {
        if (message === 'go') stage.monitor(target).cancel()
        else received.push(message)
      }),
      { runtime },
    )
    watcher.send('go')
    await runtime.settle()
    expect(received).toEqual([])
  })

  test('of oneself never reports', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const ref = await start(Watcher(received), { runtime })
    ref.send({ watch: ref })
    await ref.stop()
    expect(received).toEqual([])
  })

  test('finds the name free that the process had', async () => {
    const runtime = testRuntime()
    const free: boolean[] = []
    const token = named<ProcessRef>('taken', { runtime })
    const target = await start(idle(), { runtime, name: 'taken' })
    const linked = await start(
      consumer((stage) => {
        stage.monitor(target)
        stage.link(target)
        return {
          trapExit: true,
          handleEvents() {},
          handleInfo() {
            free.push(token.id === '')
          },
        }
      }),
      { runtime },
    )
    const received = target.exited.then(() => free.push(token.id === ''))
    target.exit('boom')
    await received
    await runtime.settle()
    expect(free).toEqual([true, true, true])
    await start(idle(), { runtime, name: 'taken' })
    await linked.stop()
  })

  test('of a name watches the process that has it now', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const token = named<ProcessRef>('worker', { runtime })
    const target = await start(idle(), { runtime, name: 'worker' })
    const watcher = await start(Watcher(received), { runtime })
    watcher.send({ watch: token })
    await runtime.settle()
    target.exit('kill')
    await runtime.settle()
    expect(received).toEqual([{ down: target, reason: 'killed' }])
  })
})
