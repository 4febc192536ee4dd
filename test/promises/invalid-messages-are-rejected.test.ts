import fc from 'fast-check'
import { type ProcessRef, producer, start } from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import type { Behaviour } from '../../src/process/behaviour.ts'
import type { Message } from '../../src/process/message.ts'
import { ProcessReference } from '../../src/process/reference.ts'
import { Definition } from '../../src/process/start/definition.ts'
import { PROTOCOL_VERSION, sendAsk, sendCancel, sendSubscribe } from '../../src/stage/protocol.ts'
import { promise } from './for-all.ts'
import { schedules, timings } from './plan.ts'
import { timedReturn } from './timed-return.ts'

// Consumers that do not use our classes, and send any messages, with tags that may not be subscriptions.

/** What a stranger receives with a tag: a number of events, or the reason why there is no such subscription. */
type Received = readonly [tag: string, what: number | string]

interface Body {
  readonly length?: number
  readonly reason?: string
}

/** A process that records what it receives. */
async function stranger(runtime: TestRuntime, received: Received[]): Promise<ProcessReference> {
  const behaviour: Behaviour = {
    init: () => 'done',
    receive(message: Message) {
      const { length, reason } = message.body as Body
      received.push([message.tag, reason ?? length ?? message.kind])
      return 'done'
    },
    terminate: () => 'done',
    remainingEvents: () => ({}),
    inspect: () => ({ isBlocked: false }),
  }
  const definition = new Definition(
    'stranger',
    () => behaviour,
    (process) => new ProcessReference(process),
  )
  const ref = await start(definition.as<ProcessRef>(), { runtime })
  if (!(ref instanceof ProcessReference)) throw new Error('expected the reference of this copy of the library')
  return ref
}

promise(
  'a process that uses the protocol receives what it asked for, and a cancel for each unknown subscription',
  { runs: 400 },
  fc.record({
    schedule: schedules,
    timing: timings,
    // Which stranger sends what, with which of its tags and which number.
    steps: fc.array(
      fc.record({
        sender: fc.nat(2),
        tag: fc.nat(2),
        what: fc.constantFrom('subscribe', 'ask', 'ask', 'cancel', 'settle'),
        demand: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 40 },
    ),
  }),
  async ({ schedule, timing, steps }) => {
    const runtime = testRuntime({ seed: schedule })
    const inTime = timedReturn(timing)
    const stage = producer({ handleDemand: (demand) => inTime(() => Array.from({ length: demand }, () => 1)) })
    const source = await start(stage, { runtime })
    if (!(source instanceof ProcessReference)) throw new Error('expected the reference of this copy of the library')
    const received: Received[][] = [[], [], []]
    const due: Received[][] = [[], [], []]
    const strangers = await Promise.all(received.map((each) => stranger(runtime, each)))
    const known = new Set<string>()
    for (const { sender, tag: number, what, demand } of steps) {
      const tag = `${sender}:${number}`
      const expected = due[sender] as Received[]
      const from = strangers[sender] as ProcessReference
      if (what === 'subscribe') {
        sendSubscribe(source, tag, from, {
          version: PROTOCOL_VERSION,
          cancelFirst: undefined,
          options: {},
          confirm: false,
        })
        if (known.has(tag)) expected.push([tag, 'duplicated-subscription'])
        known.add(tag)
      } else if (what === 'ask') {
        sendAsk(source, tag, from, demand)
        expected.push([tag, known.has(tag) ? demand : 'unknown-subscription'])
      } else if (what === 'cancel') {
        sendCancel(source, tag, from, 'enough')
        if (known.delete(tag)) expected.push([tag, 'enough'])
      } else await runtime.settle()
    }
    await runtime.settle()
    expect(received).toEqual(due)
  },
)
