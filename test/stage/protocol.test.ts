import { consumer, type ProcessRef, type ProducerRef, producer, start } from 'genstage'
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
  type SubscriptionRecord,
  sendAsk,
  sendCancel,
  sendCancelled,
  sendEvents,
  sendSubscribe,
} from '../../src/stage/protocol.ts'
import type { Inspection } from '../../src/telemetry/inspection.ts'
import { countLeft } from '../garbage.ts'
import { atOnce, collecting, counting, type LogRecord, recording } from './test-stages.ts'

// Stages that do not use our classes, so that they can send what our stages never do.

/** A process that records the messages it receives, and replies to none. */
class Listener implements Behaviour {
  private readonly process: Process
  private readonly received: Message[]
  private readonly direct: unknown[]

  constructor(process: Process, received: Message[], direct: unknown[]) {
    this.process = process
    this.received = received
    this.direct = direct
  }

  init(): Progress {
    return 'done'
  }

  receive(message: Message): Progress {
    if (message.kind === 'stop') return this.process.receiveSystem(message)
    this.received.push(message)
    return 'done'
  }

  receiveDirect(target: object, body: unknown): Progress {
    this.direct.push([target, body])
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

/** @param direct Receives the entries without a message: the target, and what was sent to it. */
async function listener(runtime: TestRuntime, received: Message[], direct: unknown[] = []): Promise<ProcessReference> {
  const definition = new Definition(
    'listener',
    (process) => new Listener(process, received, direct),
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

describe('the records of a subscription', () => {
  /** A record as a consumer gives it to its producer. */
  class Record implements SubscriptionRecord {
    /** The record of the producer. */
    peer: object | undefined

    connect(record: object): void {
      this.peer = record
    }
  }

  async function withProducer() {
    const runtime = testRuntime()
    const received: Message[] = []
    const direct: unknown[] = []
    const demands: number[] = []
    const subscriber = await listener(runtime, received, direct)
    const source = (await start(counting(atOnce, 100, demands), { runtime })) as unknown as ProcessReference
    const record = new Record()
    sendSubscribe(source, 'mine', subscriber, { ...subscribing, record })
    await runtime.settle()
    return { runtime, received, direct, demands, subscriber, source, record }
  }

  async function withConsumer() {
    const records: LogRecord[] = []
    const runtime = testRuntime({ logger: recording(records) })
    const received: Message[] = []
    const direct: unknown[] = []
    const seen: unknown[] = []
    const source = await listener(runtime, received, direct)
    const ref = await start(collecting(atOnce, seen), { runtime })
    const subscribed = ref.subscribe(source as unknown as ProducerRef<number>, {
      maxDemand: 4,
      minDemand: 0,
      cancel: 'temporary',
      confirm: false,
    })
    await runtime.settle()
    const { tag } = await subscribed
    const [message] = received.splice(0)
    const record = ((message as Message).body as SubscribeBody).record as SubscriptionRecord
    return { runtime, received, direct, seen, records, source, sink: ref as unknown as ProcessReference, tag, record }
  }

  test('are known to each other once the producer has accepted', async () => {
    const { runtime, received, direct, source, record } = await withProducer()
    expect(record.peer).toBeDefined()
    source.deliverDirect(record.peer as object, 2)
    await runtime.settle()
    expect(direct).toEqual([[record, [0, 1]]])
    expect(received).toEqual([])
  })

  test('are not where it refuses', async () => {
    const { runtime, received, subscriber, source } = await withProducer()
    const record = new Record()
    sendSubscribe(source, 'mine', subscriber, { ...subscribing, record })
    await runtime.settle()
    expect(record.peer).toBeUndefined()
    expect(contentsOf(received)).toEqual([['cancelled', 'mine', cancelled('duplicated-subscription', true)]])
  })

  test('lead to what a tag leads to: an ask after the end is that of an unknown subscription', async () => {
    const { runtime, received, direct, demands, subscriber, source, record } = await withProducer()
    sendCancel(source, 'mine', subscriber, 'enough')
    source.deliverDirect(record.peer as object, 5)
    await runtime.settle()
    expect(contentsOf(received)).toEqual([
      ['cancelled', 'mine', cancelled('enough')],
      ['cancelled', 'mine', cancelled('unknown-subscription')],
    ])
    expect(direct).toEqual([])
    expect(demands).toEqual([])
  })

  test('lead to what a tag leads to: events after the end are discarded and logged', async () => {
    const { runtime, received, seen, records, source, sink, tag, record } = await withConsumer()
    sendCancelled(sink, tag, source, 'enough', false)
    sink.deliverDirect(record, [1, 2, 3])
    // A producer that is late connects nothing.
    record.connect({})
    await runtime.settle()
    expect(contentsOf(received)).toEqual([['cancel', tag, 'unknown-subscription']])
    expect(seen).toEqual([])
    expect(records.filter(({ level }) => level === 'warn').map(({ facts }) => facts.discarded)).toEqual([3])
  })

  test('take asks once they are connected, and before that the producer is sent messages', async () => {
    const { runtime, received, direct, source, sink, tag, record } = await withConsumer()
    sendEvents(sink, tag, source, [1, 2, 3, 4])
    await runtime.settle()
    const peer = {}
    record.connect(peer)
    sink.deliverDirect(record, [5, 6, 7, 8])
    await runtime.settle()
    expect(contentsOf(received)).toEqual([['ask', tag, 4]])
    expect(direct).toEqual([[peer, 4]])
  })

  test('and messages are received in the order in which they were sent', async () => {
    const { runtime, seen, source, sink, tag, record } = await withConsumer()
    const sent = Array.from({ length: 5_000 }, (_, index) => index)
    for (const event of sent) {
      if (event % 3 === 0) sendEvents(sink, tag, source, [event])
      else sink.deliverDirect(record, [event])
    }
    await runtime.settle()
    expect(seen).toEqual(sent)
  })

  test('do not keep an ended stage alive, even if the other stage has not handled its end', async () => {
    const runtime = testRuntime()
    const never = new Promise<never>(() => {})
    const weak: WeakRef<object>[] = []
    const watched = (ref: ProcessRef): void => {
      weak.push(new WeakRef((ref as ProcessReference).process as object))
    }
    // One stage of each pair waits forever, and the other one ends in the meantime.
    const held: unknown[] = []
    for (let pair = 0; pair < 50; pair++) {
      const [source, sink] = await runtime.settle(
        Promise.all([
          start(producer({ handleDemand: () => [], handleInfo: () => never }), { runtime }),
          start(consumer({ handleEvents() {}, handleInfo: () => never }), { runtime }),
        ]),
      )
      await runtime.settle(sink.subscribe(source))
      const [waiting, ending] = pair % 2 === 0 ? [source, sink] : [sink, source]
      watched(ending)
      waiting.send('wait')
      await runtime.settle()
      await runtime.settle(ending.stop())
      held.push(waiting)
    }
    expect(await countLeft(weak, 5)).toBeLessThanOrEqual(5)
    expect(held).toHaveLength(50)
  })
})
