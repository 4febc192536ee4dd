import { type ProcessRef, type ProducerRef, start } from 'genstage'
import { type TestRuntime, testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import type { Behaviour, Progress } from '../../src/process/behaviour.ts'
import type { Message } from '../../src/process/message.ts'
import type { Process } from '../../src/process/process.ts'
import type { ProcessReference } from '../../src/process/reference.ts'
import { Definition } from '../../src/process/start/definition.ts'
import { ProducerReference } from '../../src/stage/handles/stage-references.ts'
import {
  type Cancelled,
  PROTOCOL_VERSION,
  type SubscribeBody,
  sendAsk,
  sendCancel,
  sendCancelled,
  sendEvents,
  sendSubscribe,
} from '../../src/stage/protocol.ts'
import type { Inspection } from '../../src/telemetry/inspection.ts'
import { atOnce, collecting, counting, type LogRecord, recording } from './test-stages.ts'

// Stages that somebody else has written, who can say what a stage of ours never would.

/** A process that writes down what it is told, and answers nothing. */
class Listener implements Behaviour {
  private readonly process: Process
  private readonly heard: Message[]

  constructor(process: Process, heard: Message[]) {
    this.process = process
    this.heard = heard
  }

  init(): Progress {
    return 'done'
  }

  receive(message: Message): Progress {
    if (message.kind === 'stop') return this.process.receiveSystem(message)
    this.heard.push(message)
    return 'done'
  }

  terminate(): Progress {
    return 'done'
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return {}
  }

  inspect(): Inspection {
    return { isBlocked: false }
  }
}

async function listener(runtime: TestRuntime, heard: Message[]): Promise<ProcessReference> {
  const definition = new Definition(
    'listener',
    (process) => new Listener(process, heard),
    // As others know it, it is a producer.
    (process) => new ProducerReference(process),
  )
  return (await start(definition.as<ProcessRef>(), { runtime })) as ProcessReference
}

const subscribing: SubscribeBody = { version: PROTOCOL_VERSION, cancelFirst: undefined, options: {}, confirm: false }

/** What was heard, by kind, tag and content. */
const told = (heard: readonly Message[]): unknown[] => heard.map(({ kind, tag, body }) => [kind, tag, body])

const cancelled = (reason: unknown, isRefused = false): Cancelled => ({ reason, isRefused })

describe('a producer', () => {
  async function withProducer() {
    const runtime = testRuntime()
    const heard: Message[] = []
    const demands: number[] = []
    const consumer = await listener(runtime, heard)
    const ref = await start(counting(atOnce, 100, demands), { runtime })
    return { runtime, heard, demands, consumer, producer: ref as unknown as ProcessReference }
  }

  test('answers an ask under a tag that it does not know by cancelling it', async () => {
    const { runtime, heard, demands, consumer, producer } = await withProducer()
    sendAsk(producer, 'nobody’s', consumer, 5)
    await runtime.settle()
    expect(told(heard)).toEqual([['cancelled', 'nobody’s', cancelled('unknown-subscription')]])
    expect(demands).toEqual([])
  })

  test('sends what was asked for, and confirms a cancel, after which the tag is unknown', async () => {
    const { runtime, heard, consumer, producer } = await withProducer()
    sendSubscribe(producer, 'mine', consumer, subscribing)
    sendAsk(producer, 'mine', consumer, 2)
    sendCancel(producer, 'mine', consumer, 'enough')
    sendAsk(producer, 'mine', consumer, 1)
    // Once it is unknown, there is nothing to confirm.
    sendCancel(producer, 'mine', consumer, 'again')
    await runtime.settle()
    expect(told(heard)).toEqual([
      ['events', 'mine', [0, 1]],
      ['cancelled', 'mine', cancelled('enough')],
      ['cancelled', 'mine', cancelled('unknown-subscription')],
    ])
  })

  test('refuses a tag that is taken, and another version, and goes on', async () => {
    const { runtime, heard, consumer, producer } = await withProducer()
    sendSubscribe(producer, 'mine', consumer, subscribing)
    sendSubscribe(producer, 'mine', consumer, subscribing)
    sendSubscribe(producer, 'newer', consumer, { ...subscribing, version: PROTOCOL_VERSION + 1 })
    sendAsk(producer, 'mine', consumer, 1)
    await runtime.settle()
    expect(told(heard)).toEqual([
      ['cancelled', 'mine', cancelled('duplicated-subscription', true)],
      ['cancelled', 'newer', cancelled('bad-version', true)],
      ['events', 'mine', [0]],
    ])
  })

  test('does not take on a consumer that has ended before its request is looked at', async () => {
    const { runtime, heard, demands, consumer, producer } = await withProducer()
    await consumer.stop()
    sendSubscribe(producer, 'late', consumer, subscribing)
    sendAsk(producer, 'late', consumer, 5)
    await runtime.settle()
    expect(told(heard)).toEqual([])
    expect(demands).toEqual([])
  })
})

describe('a consumer', () => {
  async function withConsumer() {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const heard: Message[] = []
    const seen: unknown[] = []
    const producer = await listener(runtime, heard)
    const ref = await start(collecting(atOnce, seen), { runtime })
    return { runtime, heard, seen, records, producer, ref }
  }

  test('answers events under a tag that it does not know with a cancel, and says that it has dropped them', async () => {
    const { runtime, heard, seen, records, producer, ref } = await withConsumer()
    sendEvents(ref as unknown as ProcessReference, 'nobody’s', producer, [1, 2, 3])
    await runtime.settle()
    expect(told(heard)).toEqual([['cancel', 'nobody’s', 'unknown-subscription']])
    expect(seen).toEqual([])
    expect(records.filter(({ level }) => level === 'warn').map(({ facts }) => facts.discarded)).toEqual([3])
  })

  test('handles events in excess of what it has asked for, says so, and asks for nothing on their account', async () => {
    const { runtime, heard, seen, records, producer, ref } = await withConsumer()
    const subscribed = ref.subscribe(producer as unknown as ProducerRef<number>, {
      maxDemand: 4,
      minDemand: 2,
      confirm: false,
    })
    await runtime.settle()
    const { tag } = await subscribed
    sendEvents(ref as unknown as ProcessReference, tag, producer, [1, 2, 3, 4, 5, 6, 7])
    await runtime.settle()
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7])
    const asks = heard.filter(({ kind }) => kind === 'ask').map(({ body }) => body)
    expect(asks).toEqual([4, 2, 2])
    expect(records.filter(({ level }) => level === 'error').map(({ facts }) => facts.excess)).toEqual([3])
  })

  test('takes the end of a subscription from its producer, and watches it no more', async () => {
    const { runtime, heard, producer, ref } = await withConsumer()
    const subscribed = ref.subscribe(producer as unknown as ProducerRef<number>, {
      cancel: 'temporary',
      confirm: false,
    })
    await runtime.settle()
    const { tag } = await subscribed
    sendCancelled(ref as unknown as ProcessReference, tag, producer, 'enough', false)
    await producer.stop()
    await runtime.settle()
    expect(heard.map(({ kind }) => kind)).toEqual(['subscribe', 'ask'])
    await ref.stop()
  })
})
