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

// Stages that do not use our classes, so that they can send what our stages never do.

/** A process that records the messages it receives, and replies to none. */
class Listener implements Behaviour {
  private readonly process: Process
  private readonly received: Message[]

  constructor(process: Process, received: Message[]) {
    this.process = process
    this.received = received
  }

  init(): Progress {
    return 'done'
  }

  receive(message: Message): Progress {
    if (message.kind === 'stop') return this.process.receiveSystem(message)
    this.received.push(message)
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

async function listener(runtime: TestRuntime, received: Message[]): Promise<ProcessReference> {
  const definition = new Definition(
    'listener',
    (process) => new Listener(process, received),
    // As others know it, it is a producer.
    (process) => new ProducerReference(process),
  )
  return (await start(definition.as<ProcessRef>(), { runtime })) as ProcessReference
}

const subscribing: SubscribeBody = { version: PROTOCOL_VERSION, cancelFirst: undefined, options: {}, confirm: false }

/** The kind, tag and content of each message. */
const contentsOf = (received: readonly Message[]): unknown[] => received.map(({ kind, tag, body }) => [kind, tag, body])

const cancelled = (reason: unknown, isRefused = false): Cancelled => ({ reason, isRefused })

describe('a producer', () => {
  async function withProducer() {
    const runtime = testRuntime()
    const received: Message[] = []
    const demands: number[] = []
    const consumer = await listener(runtime, received)
    const ref = await start(counting(atOnce, 100, demands), { runtime })
    return { runtime, received, demands, consumer, producer: ref as unknown as ProcessReference }
  }

  test('replies to an ask with an unknown tag by cancelling it', async () => {
    const { runtime, received, demands, consumer, producer } = await withProducer()
    sendAsk(producer, 'unknown', consumer, 5)
    await runtime.settle()
    expect(contentsOf(received)).toEqual([['cancelled', 'unknown', cancelled('unknown-subscription')]])
    expect(demands).toEqual([])
  })

  test('sends what was asked for, and confirms a cancel, after which the tag is unknown', async () => {
    const { runtime, received, consumer, producer } = await withProducer()
    sendSubscribe(producer, 'mine', consumer, subscribing)
    sendAsk(producer, 'mine', consumer, 2)
    sendCancel(producer, 'mine', consumer, 'enough')
    sendAsk(producer, 'mine', consumer, 1)
    // Once it is unknown, there is nothing to confirm.
    sendCancel(producer, 'mine', consumer, 'again')
    await runtime.settle()
    expect(contentsOf(received)).toEqual([
      ['events', 'mine', [0, 1]],
      ['cancelled', 'mine', cancelled('enough')],
      ['cancelled', 'mine', cancelled('unknown-subscription')],
    ])
  })

  test('refuses a tag that is taken and another version of the protocol, and continues', async () => {
    const { runtime, received, consumer, producer } = await withProducer()
    sendSubscribe(producer, 'mine', consumer, subscribing)
    sendSubscribe(producer, 'mine', consumer, subscribing)
    sendSubscribe(producer, 'newer', consumer, { ...subscribing, version: PROTOCOL_VERSION + 1 })
    sendAsk(producer, 'mine', consumer, 1)
    await runtime.settle()
    expect(contentsOf(received)).toEqual([
      ['cancelled', 'mine', cancelled('duplicated-subscription', true)],
      ['cancelled', 'newer', cancelled('bad-version', true)],
      ['events', 'mine', [0]],
    ])
  })

  test('does not accept a consumer that has exited before its request is handled', async () => {
    const { runtime, received, demands, consumer, producer } = await withProducer()
    await consumer.stop()
    sendSubscribe(producer, 'late', consumer, subscribing)
    sendAsk(producer, 'late', consumer, 5)
    await runtime.settle()
    expect(contentsOf(received)).toEqual([])
    expect(demands).toEqual([])
  })
})

describe('a consumer', () => {
  async function withConsumer() {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const received: Message[] = []
    const seen: unknown[] = []
    const producer = await listener(runtime, received)
    const ref = await start(collecting(atOnce, seen), { runtime })
    return { runtime, received, seen, records, producer, ref }
  }

  test('replies to events with an unknown tag by a cancel, and logs that it discarded them', async () => {
    const { runtime, received, seen, records, producer, ref } = await withConsumer()
    sendEvents(ref as unknown as ProcessReference, 'unknown', producer, [1, 2, 3])
    await runtime.settle()
    expect(contentsOf(received)).toEqual([['cancel', 'unknown', 'unknown-subscription']])
    expect(seen).toEqual([])
    expect(records.filter(({ level }) => level === 'warn').map(({ facts }) => facts.discarded)).toEqual([3])
  })

  test('handles events beyond its demand, logs them, and does not ask for more because of them', async () => {
    const { runtime, received, seen, records, producer, ref } = await withConsumer()
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
    const asks = received.filter(({ kind }) => kind === 'ask').map(({ body }) => body)
    expect(asks).toEqual([4, 2, 2])
    expect(records.filter(({ level }) => level === 'error').map(({ facts }) => facts.excess)).toEqual([3])
  })

  test('accepts the end of a subscription from its producer, and removes its monitor', async () => {
    const { runtime, received, producer, ref } = await withConsumer()
    const subscribed = ref.subscribe(producer as unknown as ProducerRef<number>, {
      cancel: 'temporary',
      confirm: false,
    })
    await runtime.settle()
    const { tag } = await subscribed
    sendCancelled(ref as unknown as ProcessReference, tag, producer, 'enough', false)
    await producer.stop()
    await runtime.settle()
    expect(received.map(({ kind }) => kind)).toEqual(['subscribe', 'ask'])
    await ref.stop()
  })
})
