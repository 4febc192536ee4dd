import { consumer, type Down, type Monitor, named, type ProcessRef, start } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { acting, idle } from './plain-stages.ts'

/** A stage that watches what it is sent to watch, and writes down what it hears. */
const Watcher = (heard: unknown[], monitors: Monitor[] = []) =>
  acting((message: { watch: ProcessRef } | Down, stage) => {
    if ('watch' in message) monitors.push(stage.monitor(message.watch))
    else heard.push(message)
  })

describe('a monitor', () => {
  test.each([
    ['normal', (ref: ProcessRef) => void ref.stop()],
    ['shutdown', (ref: ProcessRef) => void ref.stop('shutdown')],
    ['boom', (ref: ProcessRef) => ref.exit('boom')],
    ['killed', (ref: ProcessRef) => ref.exit('kill')],
  ])('tells of an end with reason %s, exactly once', async (reason, end) => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const target = await start(idle(), { runtime })
    const watcher = await start(Watcher(heard), { runtime })
    watcher.send({ watch: target })
    await runtime.settle()
    expect(heard).toEqual([])
    end(target)
    await runtime.settle()
    expect(heard).toEqual([{ down: target, reason }])
    target.exit('kill')
    await runtime.settle()
    expect(heard).toHaveLength(1)
  })

  test('of each kind tells once, under every schedule', async () => {
    await shuffled(100, async (runtime) => {
      const heard: Down[] = []
      const targets = await Promise.all(Array.from({ length: 5 }, () => start(idle(), { runtime })))
      const watcher = await start(Watcher(heard as unknown[]), { runtime })
      for (const target of targets) {
        watcher.send({ watch: target })
        watcher.send({ watch: target })
      }
      for (const target of targets) target.exit('kill')
      await runtime.settle()
      // Whether it was watched before its end or after: it is heard of once per monitor.
      const counts = targets.map((target) => heard.filter(({ down }) => down === target).length)
      expect(counts).toEqual([2, 2, 2, 2, 2])
      for (const { reason } of heard) expect(['killed', 'noproc']).toContain(reason)
    })
  })

  test('of a process that was gone tells noproc, at once, while exited remembers the reason', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const target = await start(idle(), { runtime })
    await target.stop({ shutdown: 'the real reason' })
    const watcher = await start(Watcher(heard), { runtime })
    watcher.send({ watch: target })
    await runtime.settle()
    expect(heard).toEqual([{ down: target, reason: 'noproc' }])
    expect(await target.exited).toEqual({ shutdown: 'the real reason' })
  })

  test('tells only after all that the process had sent before', async () => {
    await shuffled(50, async (runtime) => {
      const heard: unknown[] = []
      const target = await start(
        acting((to: ProcessRef) => {
          to.send({ said: 1 })
          to.send({ said: 2 })
          return { stop: 'normal' }
        }),
        { runtime },
      )
      const watcher = await start(Watcher(heard), { runtime })
      watcher.send({ watch: target })
      await runtime.settle()
      target.send(watcher)
      await runtime.settle()
      expect(heard).toEqual([{ said: 1 }, { said: 2 }, { down: target, reason: 'normal' }])
    })
  })

  test('that is cancelled tells nothing, even where its message lies in the mailbox', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const monitors: Monitor[] = []
    const target = await start(idle(), { runtime })
    const watcher = await start(Watcher(heard, monitors), { runtime })
    watcher.send({ watch: target })
    watcher.send({ watch: target })
    await runtime.settle()
    monitors[0]?.cancel()
    const gone = await start(
      acting(() => {
        // In its turn, before the watcher's: the message is in the mailbox by now.
        monitors[1]?.cancel()
      }),
      { runtime },
    )
    target.exit('kill')
    gone.send('')
    await runtime.settle()
    expect(heard).toEqual([])
    monitors[1]?.cancel()
  })

  test('of a process that was gone may be cancelled in the same breath', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const target = await start(idle(), { runtime })
    await target.stop()
    const watcher = await start(
      acting((message, stage) => {
        if (message === 'go') stage.monitor(target).cancel()
        else heard.push(message)
      }),
      { runtime },
    )
    watcher.send('go')
    await runtime.settle()
    expect(heard).toEqual([])
  })

  test('of oneself is never heard', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const ref = await start(Watcher(heard), { runtime })
    ref.send({ watch: ref })
    await ref.stop()
    expect(heard).toEqual([])
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
    const heard = target.exited.then(() => free.push(token.id === ''))
    target.exit('boom')
    await heard
    await runtime.settle()
    expect(free).toEqual([true, true, true])
    await start(idle(), { runtime, name: 'taken' })
    await linked.stop()
  })

  test('of a name watches whoever has it now', async () => {
    const runtime = testRuntime()
    const heard: unknown[] = []
    const token = named<ProcessRef>('worker', { runtime })
    const target = await start(idle(), { runtime, name: 'worker' })
    const watcher = await start(Watcher(heard), { runtime })
    watcher.send({ watch: token })
    await runtime.settle()
    target.exit('kill')
    await runtime.settle()
    expect(heard).toEqual([{ down: target, reason: 'killed' }])
  })
})
