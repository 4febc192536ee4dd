import type { EventEmitter } from 'node:events'
import { Duplex, Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type ConsumerRef, consumer, type Stage, type Subscription } from 'genstage'

// The streams and stages that the tests of the bridges are played with.

/** A source that counts up to `end`, and knows how far it was read and how it ended. */
export interface CountingReadable extends Readable {
  produced: number
  /** What it was destroyed with: `null` for no error, `undefined` while it is not. */
  destroyedWith: Error | null | undefined
}

/** Counts from 0 up to, and without, `end`, in object mode; each number is read after a turn of the event loop. */
export function countingReadable(end: number, highWaterMark = 4): CountingReadable {
  let next = 0
  const readable = new Readable({
    objectMode: true,
    highWaterMark,
    async read() {
      await setImmediate()
      this.push(next < end ? next++ : null)
      readable.produced = next
    },
    destroy(error, done) {
      readable.destroyedWith = error
      done(error)
    },
  }) as CountingReadable
  readable.produced = 0
  return readable
}

/** A sink that takes its time, and knows what it got and how it ended. */
export interface SlowWritable extends Writable {
  readonly written: unknown[]
  mostWaiting: number
  destroyedWith: Error | null | undefined
}

/** Takes `turns` turns of the event loop for each write. */
export function slowWritable(turns = 1, highWaterMark = 2): SlowWritable {
  const written: unknown[] = []
  const writable = new Writable({
    objectMode: true,
    highWaterMark,
    async write(chunk: unknown, _encoding, done) {
      writable.mostWaiting = Math.max(writable.mostWaiting, writable.writableLength)
      for (let turn = 0; turn < turns; turn++) await setImmediate()
      written.push(chunk)
      done()
    },
    destroy(error, done) {
      writable.destroyedWith = error
      done(error)
    },
  }) as SlowWritable
  return Object.assign(writable, { written, mostWaiting: 0 })
}

/** A duplex whose two sides have nothing to do with each other. */
export function openDuplex(): Duplex {
  return new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() })
}

/** A consumer that asks by hand: `ask` is there once it has subscribed. */
export function asking(seen: unknown[], subscriptions: Subscription[]): Stage<ConsumerRef<unknown>> {
  return consumer({
    handleSubscribe(_role, _options, from) {
      subscriptions.push(from)
      return 'manual'
    },
    handleEvents(events: readonly unknown[]) {
      seen.push(...events)
    },
  })
}

/** A consumer that writes down what it gets, each batch after a turn of the event loop. */
export function slowly(seen: unknown[]): Stage<ConsumerRef<unknown>> {
  return consumer({
    async handleEvents(events: readonly unknown[]) {
      await setImmediate()
      seen.push(...events)
    },
  })
}

/** A consumer that fails at its first event. */
export function failing(error: unknown): Stage<ConsumerRef<unknown>> {
  return consumer({
    handleEvents(_events: readonly unknown[]) {
      throw error
    },
  })
}

/** How many listeners an emitter has, by event. */
export function listenersOf(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

/** Lets the event loop turn, as often as streams may need it to come to rest. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}
