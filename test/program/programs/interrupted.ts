// Programs whose function or tasks act on their signal, depending on the argument. What they saw is one line of JSON.
import { once } from 'node:events'
import { createServer, get, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  consumer,
  consumerSupervisor,
  fromIterable,
  named,
  producer,
  producerConsumer,
  StageFailure,
  type StageRef,
  supervisor,
  task,
} from 'genstage'
import { InterruptedError, type RunOutcome, runUntilSignal } from 'genstage/program'

const Doubler = () => producer({ handleDemand: () => [], handleCall: { double: (n: number) => ({ reply: n * 2 }) } })
const doubler = named<StageRef & { call(kind: 'double', n: number): Promise<number> }>('doubler')
const Failing = () =>
  producer({
    handleDemand: () => [],
    handleCast: {
      fail() {
        throw new Error('broken')
      },
    },
  })
const begun = performance.now()
const seen: unknown[] = []
const print = (outcome: RunOutcome<unknown>): void => {
  const isQuick = performance.now() - begun < 3_000
  const { value, signal, undone } = outcome
  process.stdout.write(`${JSON.stringify({ value, signal, undone, seen, isQuick })}\n`)
}
const running = (): boolean => process.stdout.write('running\n')

const programs: Record<string, () => Promise<unknown>> = {
  // The function ends first: its stages are there until it has returned.
  async function() {
    const outcome = await runUntilSignal(async (scope, { signal }) => {
      const stage = await scope.startLink(Doubler())
      running()
      await once(signal, 'abort')
      const { reason } = signal
      seen.push(reason instanceof InterruptedError && [reason.signal, reason.code])
      await sleep(50)
      return stage.call('double', 21)
    })
    print(outcome)
  },
  async 'abort-error'() {
    const outcome = await runUntilSignal(async (scope, { signal }) => {
      await scope.startLink(Doubler())
      running()
      await sleep(60_000, undefined, { signal })
    })
    print(outcome)
  },
  async throws() {
    await runUntilSignal(async (_scope, { signal }) => {
      running()
      await once(signal, 'abort')
      throw new RangeError('could not close')
    })
  },
  // A task of a tree, which would be started again, calls a stage under another supervisor.
  async tree() {
    const Front = () =>
      task(async ({ signal }) => {
        running()
        await once(signal, 'abort')
        seen.push(signal.reason)
        await sleep(50)
        seen.push(await doubler.call('double', 4))
        await sleep(60_000, undefined, { signal })
      })
    const Unaware = () => task(() => sleep(100).then(() => seen.push('unaware')))
    const stages = () => supervisor({ strategy: 'one-for-one', children: [{ start: Doubler, name: doubler }] })
    const fronts = () =>
      supervisor({ strategy: 'one-for-one', children: [Front, { start: Unaware, restart: 'transient' }] })
    print(await runUntilSignal(supervisor({ strategy: 'rest-for-one', children: [stages, fronts] })))
  },
  async begun() {
    const outcome = await runUntilSignal(async (scope, { signal }) => {
      running()
      await once(signal, 'abort')
      seen.push(await (await scope.startLink(Doubler())).call('double', 1))
      signal.throwIfAborted()
    })
    print(outcome)
  },
  // The children of a consumer supervisor are work in flight: their signal is not aborted.
  async children() {
    const Slow = () =>
      consumerSupervisor({
        async child(event: number, { signal }) {
          if (event === 3) running()
          await sleep(200)
          seen.push(signal.aborted ? 'aborted' : event)
        },
      })
    const outcome = await runUntilSignal(async (scope) => {
      const numbers = await scope.startLink(fromIterable([1, 2, 3]))
      const slow = await scope.startLink(Slow())
      await slow.subscribe(numbers, { cancel: 'temporary' })
      await slow.exited
    })
    print(outcome)
  },
  // Of three children one hangs, and one fails and would be started again.
  async 'children at the deadline'() {
    const Work = () =>
      consumerSupervisor({
        restart: 'transient',
        async child(event: number) {
          seen.push(event)
          if (event === 3) running()
          await sleep(event === 1 ? 60_000 : 200, undefined, { ref: false })
          if (event === 2) throw new Error('of no use')
        },
      })
    const outcome = await runUntilSignal(
      async (scope) => {
        const numbers = await scope.startLink(fromIterable([1, 2, 3]))
        const work = await scope.startLink(Work(), { name: 'work' })
        await work.subscribe(numbers)
        await work.exited
      },
      { deadline: 1_000 },
    )
    print(outcome)
  },
  // It has taken the signal, and waits for what only a drain brings.
  async waiting() {
    let made = 0
    const Numbers = () => producer({ handleDemand: (demand) => Array.from({ length: demand }, () => made++) })
    const Sink = () =>
      consumer({
        async handleEvents(_events: readonly number[]) {
          await sleep(5)
        },
      })
    const outcome = await runUntilSignal(
      async (scope, { signal }) => {
        signal.addEventListener('abort', () => seen.push('interrupted'))
        const numbers = await scope.startLink(Numbers())
        const sink = await scope.startLink(Sink())
        await sink.subscribe(numbers, { maxDemand: 10 })
        running()
        return sink.exited
      },
      { deadline: 1_000 },
    )
    print(outcome)
  },
  // It returns at once; what its stages hold is handled all the same.
  async drains() {
    let [made, handled] = [0, 0]
    const Numbers = () => producer({ handleDemand: (demand) => Array.from({ length: demand }, () => made++) })
    const Slow = () =>
      producerConsumer({
        async handleEvents(events: readonly number[]) {
          await sleep(50)
          return events
        },
      })
    const Count = () =>
      consumer({
        handleEvents(events: readonly number[]) {
          handled += events.length
        },
      })
    const outcome = await runUntilSignal(async (scope, { signal }) => {
      const numbers = await scope.startLink(Numbers())
      const slow = await scope.startLink(Slow())
      const count = await scope.startLink(Count())
      await count.subscribe(slow, { maxDemand: 10 })
      await slow.subscribe(numbers, { maxDemand: 10 })
      running()
      await once(signal, 'abort')
    })
    seen.push(made > 0, made - handled)
    print(outcome)
  },
  async never() {
    const outcome = await runUntilSignal(
      async (scope) => {
        await scope.startLink(Doubler())
        running()
        await new Promise(() => {})
      },
      { deadline: 200, grace: 60_000 },
    )
    print(outcome)
  },
  // A stage fails: what the function has opened is closed, and the program can end by itself.
  async failure() {
    try {
      await runUntilSignal(async (scope, { signal }) => {
        const failing = await scope.startLink(Failing())
        const server = createServer().listen(0, '127.0.0.1')
        signal.addEventListener('abort', () => {
          seen.push(signal.reason instanceof StageFailure)
          server.close().closeIdleConnections()
        })
        await once(server, 'listening')
        failing.cast('fail')
        await once(server, 'close')
      })
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ isFailure: error instanceof StageFailure, seen })}\n`)
    }
  },
  // A stage replies to requests that were accepted, though they call it only after the signal.
  async server() {
    const outcome = await runUntilSignal(async (scope, { signal }) => {
      const stage = await scope.startLink(Doubler())
      const reply = async (response: ServerResponse): Promise<void> => {
        await sleep(200)
        // A connection that is kept alive would keep the server open after the reply.
        if (signal.aborted) response.setHeader('Connection', 'close')
        response.end(String(await stage.call('double', 21)))
      }
      const server = createServer((_request, response) => void reply(response))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as { port: number }
      const replies = [1, 2].map(async () => {
        const [response] = await once(get({ port, host: '127.0.0.1' }), 'response')
        for await (const chunk of response) seen.push(String(chunk))
      })
      await once(server, 'request')
      running()
      await once(signal, 'abort')
      server.close().closeIdleConnections()
      await once(server, 'close')
      await Promise.all(replies)
    })
    print(outcome)
  },
}
await programs[process.argv[2] ?? '']?.()
