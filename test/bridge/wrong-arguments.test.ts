import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { consumer, fromIterable, type ProducerRef, to } from 'genstage'
import { decodeText, fromCallback, splitLines } from 'genstage/bridge'
import { fromEmitter, fromReadable, intoWritable, toDuplex, toReadable } from 'genstage/node'
import { runUntilSignal } from 'genstage/program'
import { testRuntime } from 'genstage/testing'
import { fromEventTarget, fromReadableStream, intoWritableStream, toReadableStream, toTransform } from 'genstage/web'
import { describe, expect, test } from 'vitest'
import { launch, rejection } from '../stage/test-stages.ts'

type Anything = (given: unknown, ...rest: unknown[]) => unknown

const streams = {
  Readable: new Readable(),
  Writable: new Writable(),
  ReadableStream: new ReadableStream(),
  WritableStream: new WritableStream(),
}
const takers = {
  fromReadable: [fromReadable, 'expected a Readable, got'],
  intoWritable: [intoWritable, 'expected a Writable, got'],
  fromReadableStream: [fromReadableStream, 'expected a ReadableStream, got'],
  intoWritableStream: [intoWritableStream, 'expected a WritableStream, got'],
} as unknown as Readonly<Record<string, [Anything, string]>>

describe.each(Object.entries(takers))('%s', (name, [take, expected]) => {
  const rightStream = expected.split(' ')[2]?.replace(',', '')

  test.each([undefined, null, 'a.txt', 5, {}, [], () => {}, Promise.resolve()])(
    'refuses %s with a message',
    (given) => {
      expect(() => take(given)).toThrow(TypeError)
      expect(() => take(given)).toThrow(expected)
    },
  )

  test.each(Object.entries(streams))(
    'refuses a %s that is not its own, and names the bridge that takes it',
    (kind, stream) => {
      if (kind === rightStream) {
        expect(() => take(stream)).not.toThrow()
        return
      }
      const [other] = Object.entries(takers).find(([, [, message]]) => message.includes(` ${kind},`)) ?? []
      expect(() => take(stream)).toThrow(expected)
      // Two that differ in both ways are not mixed up.
      const isNear =
        kind.endsWith('Stream') === rightStream?.endsWith('Stream') || kind.slice(0, 4) === rightStream?.slice(0, 4)
      if (isNear) expect(() => take(stream)).toThrow(new RegExp(`\\(${other}( of genstage/\\w+)? takes it\\)$`))
    },
  )

  test('refuses options that are none', () => {
    expect(() => take(streams[rightStream as keyof typeof streams], 5)).toThrow(
      `expected the options of ${name} to be an object, got: 5`,
    )
  })
})

test.each([
  ['fromReadable', () => fromReadable(new Readable(), { maxDemand: 8 } as never)],
  ['fromReadableStream', () => fromReadableStream(new ReadableStream(), { maxDemand: 8 } as never)],
])('%s states where a maxDemand belongs', (name, make) => {
  expect(make).toThrow(
    `expected maxDemand in the subscription, as in to(source, { maxDemand: 8 }), not in the options of ${name}`,
  )
})

test('an emitter and a target are distinguished', () => {
  const options = { whenFull: 'fail' } as const
  expect(() => fromEmitter(new EventTarget() as never, 'tick', options)).toThrow(
    'expected an EventEmitter, got: EventTarget {} (fromEventTarget of genstage/web takes it)',
  )
  expect(() => fromEventTarget(new EventEmitter() as never, 'tick', options)).toThrow(
    /^expected an EventTarget, got: EventEmitter .* \(fromEmitter of genstage\/node takes it\)$/,
  )
})

test.each(['endOn', 'failOn'])('%s names events', (option) => {
  for (const wrong of ['end', [5], [undefined]]) {
    const options = { whenFull: 'fail', [option]: wrong } as never
    const message = `expected ${option} to be an array of names of events, strings or symbols`
    expect(() => fromEmitter(new EventEmitter(), 'tick', options)).toThrow(message)
    expect(() => fromEventTarget(new EventTarget(), 'tick', options)).toThrow(message)
  }
})

test('a stage that emits nothing is not a source, so that no reader waits forever', async () => {
  const sink = (await launch(testRuntime(), consumer({ handleEvents() {} }))) as unknown as ProducerRef<never>
  const message = /^expected a producer to subscribe to, got consumer g\d+\.1, which emits no events$/
  for (const attempt of [
    () => toReadable(sink),
    () => toReadable(to(sink, { maxDemand: 1 })),
    () => toReadableStream(sink),
    () => decodeText({ subscribeTo: [sink] }),
    () => splitLines({ subscribeTo: [sink] }),
  ]) {
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(message)
  }
})

test.each([
  ['toDuplex', toDuplex as unknown as Anything],
  ['toTransform', toTransform as unknown as Anything],
])('%s takes a producer-consumer that is not started', async (name, make) => {
  expect(() => make(fromIterable([1]))).toThrow(`expected ${name} to be given a producer-consumer, got a producer`)
  const started = await launch(testRuntime(), fromIterable([1]))
  for (const given of [undefined, {}, started]) expect(() => make(given)).toThrow('expected a stage, created by')
  expect(() => make(() => {})).toThrow('call the function, and pass what it returns')
})

test('text stages refuse what is no option', () => {
  expect(() => decodeText('utf-8' as never)).toThrow("expected the options of decodeText to be an object, got: 'utf-8'")
  expect(() => decodeText({ encoding: 'klingon' })).toThrow(RangeError)
  expect(() => splitLines({ maxLenght: 1 } as never)).toThrow('did you mean maxLength?')
  expect(() => fromCallback(() => {}, null as never)).toThrow('expected the options of fromCallback to be an object')
})

test('runUntilSignal takes a program, and signals that a program can listen for', async () => {
  for (const given of [undefined, 'program', {}, Promise.resolve()]) {
    expect(await rejection(runUntilSignal(given as never))).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('expected a stage, created by') as string,
    })
  }
  for (const signals of ['SIGINT', ['SIGFOO'], ['SIGKILL'], [2]]) {
    const error = await rejection(runUntilSignal(() => {}, { signals: signals as never }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({
      message: expect.stringContaining("signals that can be listened for, as 'SIGTERM'") as string,
    })
  }
})
