import { consumer, type ProcessRef, start } from 'genstage'
import { shuffled, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { acting, idle } from './plain-stages.ts'

/** A stage that links and unlinks as its messages request. */
const Linking = () =>
  acting((message: { link?: ProcessRef; unlink?: ProcessRef }, stage) => {
    if (message.link !== undefined) stage.link(message.link)
    if (message.unlink !== undefined) stage.unlink(message.unlink)
  })

describe('a link', () => {
  test('passes an abnormal end on, both ways', async () => {
    const runtime = testRuntime()
    for (const turned of [false, true]) {
      const one = await start(Linking(), { runtime })
      const other = await start(idle(), { runtime })
      one.send({ link: other })
      await runtime.settle()
      const error = new Error('boom')
      ;(turned ? one : other).exit(error)
      expect(await one.exited).toBe(error)
      expect(await other.exited).toBe(error)
    }
  })

  test('does not pass a normal end on', async () => {
    const runtime = testRuntime()
    const one = await start(Linking(), { runtime })
    const other = await start(idle(), { runtime })
    one.send({ link: other })
    await runtime.settle()
    await other.stop()
    await runtime.settle()
    await one.stop()
    expect(await one.exited).toBe('normal')
  })

  test('passes a shutdown on', async () => {
    const runtime = testRuntime()
    const one = await start(Linking(), { runtime })
    const other = await start(idle(), { runtime })
    one.send({ link: other })
    await runtime.settle()
    await other.stop('shutdown')
    expect(await one.exited).toBe('shutdown')
  })

  test('passes an end along a chain, to all', async () => {
    await shuffled(50, async (runtime) => {
      const chain = await Promise.all(Array.from({ length: 10 }, () => start(Linking(), { runtime })))
      for (let index = 1; index < chain.length; index++) chain[index]?.send({ link: chain[index - 1] as ProcessRef })
      await runtime.settle()
      chain[4]?.exit('boom')
      await runtime.settle()
      expect(await Promise.all(chain.map(({ exited }) => exited))).toEqual(chain.map(() => 'boom'))
    })
  })

  test('that is made twice is one link, and goes by one unlink from either side', async () => {
    const runtime = testRuntime()
    const one = await start(Linking(), { runtime })
    const other = await start(Linking(), { runtime })
    one.send({ link: other })
    other.send({ link: one })
    other.send({ unlink: one })
    await runtime.settle()
    other.exit('boom')
    await runtime.settle()
    await one.stop()
    expect(await one.exited).toBe('normal')
  })

  test('to a process that has ended is an exit signal with reason noproc', async () => {
    const runtime = testRuntime()
    const received: unknown[] = []
    const ended = await start(idle(), { runtime })
    await ended.stop()
    const dying = await start(Linking(), { runtime })
    dying.send({ link: ended })
    expect(await dying.exited).toBe('noproc')

    const trapping = await start(
      consumer((stage) => {
        return {
          trapExit: true,
          handleEvents() {},
          handleInfo(message: unknown) {
            if (message === 'go') stage.link(ended)
            else received.push(message)
          },
        }
      }),
      { runtime },
    )
    trapping.send('go')
    await runtime.settle()
    expect(received).toEqual([{ exit: ended, reason: 'noproc' }])
  })

  test('to oneself changes nothing', async () => {
    const runtime = testRuntime()
    const ref = await start(Linking(), { runtime })
    ref.send({ link: ref })
    await runtime.settle()
    ref.exit('boom')
    expect(await ref.exited).toBe('boom')
  })

  test('is unknown to a process that unlinks a stranger', async () => {
    const runtime = testRuntime()
    const ref = await start(Linking(), { runtime })
    const stranger = await start(idle(), { runtime })
    ref.send({ unlink: stranger })
    await ref.stop()
    expect(await ref.exited).toBe('normal')
  })

  test('ends in the middle of a callback that waits, without terminate', async () => {
    const runtime = testRuntime()
    const ran: string[] = []
    const other = await start(idle(), { runtime })
    const waiting = await start(
      consumer((stage) => {
        stage.link(other)
        return {
          handleEvents() {},
          async handleInfo() {
            ran.push('begins')
            await new Promise<void>(() => {})
          },
          terminate() {
            ran.push('terminate')
          },
        }
      }),
      { runtime },
    )
    waiting.send('')
    await runtime.settle()
    other.exit('boom')
    expect(await waiting.exited).toBe('boom')
    expect(ran).toEqual(['begins'])
  })
})
