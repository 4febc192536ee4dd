import { start } from 'genstage'
import { afterEach, expect, test, vi } from 'vitest'
import { host as web } from '../../../src/process/host/default.ts'
import { host as node } from '../../../src/process/host/node.ts'
import { acting } from '../plain-stages.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('a test’s fake timers do not stop the scheduler', async () => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'setImmediate', 'setInterval', 'queueMicrotask', 'performance', 'Date'],
  })
  let rounds = 0
  const ref = await start(
    acting(async (_message, { self }) => {
      self.send('again')
      return rounds++ > 50_000 ? { stop: 'normal' } : undefined
    }),
  )
  ref.send('begin')
  // More than fits into one slice: the event loop has to turn in between.
  expect(await ref.exited).toBe('normal')
})

test.each([
  ['node', node],
  ['default', web],
])('the host %s does what the core asks of it', async (_name, host) => {
  const order: string[] = []
  const yielded = new Promise<void>((resolve) => {
    host.yieldToEventLoop(() => {
      order.push('first yield')
      host.enqueueMicrotask(() => order.push('microtask of the yield'))
    })
    host.yieldToEventLoop(() => {
      order.push('second yield')
      host.yieldToEventLoop(() => {
        order.push('third yield')
        resolve()
      })
    })
  })
  host.enqueueMicrotask(() => order.push('microtask'))
  expect(order).toEqual([])
  await yielded
  expect(order[0]).toBe('microtask')
  expect(order.filter((line) => line.endsWith('yield') && !line.startsWith('micro'))).toEqual([
    'first yield',
    'second yield',
    'third yield',
  ])

  const before = host.now()
  const fired: string[] = []
  await new Promise<void>((resolve) => {
    host.setTimer(() => fired.push('cleared'), 5).clear()
    host.setTimer(resolve, 20)
  })
  expect(fired).toEqual([])
  expect(host.now() - before).toBeGreaterThan(15)

  const controller = host.createAbort()
  const { signal } = controller
  const reason = { why: 'enough' }
  expect(signal.aborted).toBe(false)
  controller.abort(reason)
  expect([signal.aborted, signal.reason]).toEqual([true, reason])
  expect(host.captureContext()(() => 'result')).toBe('result')
})
