import fc from 'fast-check'
import { type ProcessRef, producer, start } from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { expect } from 'vitest'
import type { Behaviour } from '../../src/process/behaviour.ts'
import type { Message } from '../../src/process/message.ts'
import { ProcessReference } from '../../src/process/reference.ts'
import { Definition } from '../../src/process/start/definition.ts'
import { PROTOCOL_VERSION, sendAsk, sendCancel, sendSubscribe } from '../../src/stage/protocol.ts'
import { answerInTime } from './answer-in-time.ts'
import { promise } from './for-all.ts'
import { schedules, timings } from './plan.ts'

// Consumers that somebody else has written, and that say whatever they like, under tags that may be no subscriptions.

/** What a stranger is told under a tag: so many events, or that there is no such subscription (any more), and why. */
type Told = readonly [tag: string, what: number | string]

interface Body {
  readonly length?: number
  readonly reason?: string
}

/** A process that writes down what it is told. */
async function stranger(runtime: TestRuntime, heard: Told[]): Promise<ProcessReference> {
  const behaviour: Behaviour = {
    init: () => 'done',
    receive(message: Message) {
      const { length, reason } = message.body as Body
      heard.push([message.tag, reason ?? length ?? message.kind])
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
  'whoever speaks the protocol gets what it has asked for, and is told of each subscription that is none',
  { runs: 400 },
  fc.record({
    schedule: schedules,
    timing: timings,
    // Who says what, under which of its tags, with which number.
    steps: fc.array(
      fc.record({
        who: fc.nat(2),
        tag: fc.nat(2),
        what: fc.constantFrom('subscribe', 'ask', 'ask', 'cancel', 'settle'),
        demand: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 40 },
    ),
  }),
  async ({ schedule, timing, steps }) => {
    const runtime = testRuntime({ seed: schedule })
    const inTime = answerInTime(timing)
    const stage = producer({ handleDemand: (demand) => inTime(() => Array.from({ length: demand }, () => 1)) })
    const source = await start(stage, { runtime })
    if (!(source instanceof ProcessReference)) throw new Error('expected the reference of this copy of the library')
    const heard: Told[][] = [[], [], []]
    const due: Told[][] = [[], [], []]
    const strangers = await Promise.all(heard.map((each) => stranger(runtime, each)))
    const known = new Set<string>()
    for (const { who, tag: number, what, demand } of steps) {
      const tag = `${who}:${number}`
      const told = due[who] as Told[]
      const from = strangers[who] as ProcessReference
      if (what === 'subscribe') {
        sendSubscribe(source, tag, from, {
          version: PROTOCOL_VERSION,
          cancelFirst: undefined,
          options: {},
          confirm: false,
        })
        if (known.has(tag)) told.push([tag, 'duplicated-subscription'])
        known.add(tag)
      } else if (what === 'ask') {
        sendAsk(source, tag, from, demand)
        told.push([tag, known.has(tag) ? demand : 'unknown-subscription'])
      } else if (what === 'cancel') {
        sendCancel(source, tag, from, 'enough')
        if (known.delete(tag)) told.push([tag, 'enough'])
      } else await runtime.settle()
    }
    await runtime.settle()
    expect(heard).toEqual(due)
  },
)
