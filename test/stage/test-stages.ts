import { setImmediate } from 'node:timers/promises'
import {
  consumer,
  type From,
  type Logger,
  type LogLevel,
  type ProcessRef,
  producer,
  producerConsumer,
  type Stage,
  type StartOptions,
  start,
} from 'genstage'
import type { TestRuntime } from 'genstage/testing'

// The stages that most tests of stages are played with.

/** Makes a callback answer now, or later: its body runs at once all the same. */
export type Later = <Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
) => (...args: Args) => Result | Promise<Awaited<Result>>

/** Answers at once. */
export const atOnce: Later = (callback) => callback

/** Answers when the microtasks that there are have run. */
export const soon: Later = returningAfter(() => Promise.resolve())

/** Each test that a callback's answer may matter to is run with both: at once, and when the event loop has turned. */
export const timings: readonly (readonly [name: string, later: Later])[] = [
  ['sync', atOnce],
  ['async', returningAfter(() => setImmediate())],
]

function returningAfter(wait: () => Promise<unknown>): Later {
  return (callback) =>
    async (...args): Promise<Awaited<ReturnType<typeof callback>>> => {
      try {
        return await callback(...args)
      } finally {
        await wait()
      }
    }
}

/** Starts a stage in the test's runtime, linked to nobody. */
export function launch<Ref extends ProcessRef>(
  runtime: TestRuntime,
  stage: Stage<Ref>,
  options?: StartOptions<NoInfer<Ref>>,
): Promise<Ref> {
  return start(stage, { ...options, runtime })
}

export const range = (first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, index) => first + index)

/** Counts from 0 up to, and without, `end`, and then falls silent, without ending. `demands` is what it was asked for. */
export const counting = (later: Later, end: number, demands: number[] = []) => {
  let next = 0
  return producer({
    handleDemand: later((demand: number) => {
      demands.push(demand)
      const first = next
      next = Math.min(first + demand, end)
      return range(first, next)
    }),
  })
}

/** Emits what it is told to, by a call or a cast, and nothing on demand. */
export const emittingOnRequest = (later: Later, demands: number[] = [], messages: unknown[] = []) =>
  producer({
    handleDemand: later((demand: number): number[] => {
      demands.push(demand)
      return []
    }),
    handleCall: {
      emit: later((events: readonly number[]) => ({ reply: 'ok' as const, events })),
      early: later((events: readonly number[], from: From<'ok'>) => {
        from.reply('ok')
        return { events }
      }),
    },
    handleCast: { emit: later((events: readonly number[]) => events) },
    handleInfo: later((message: unknown) => {
      messages.push(message)
    }),
  })

/** Emits each event that it gets `copies` times. */
export const copying = (later: Later, copies: number, onProducerEnd: 'drain' | 'stop' = 'drain') =>
  producerConsumer({
    onProducerEnd,
    handleEvents: later((events: readonly number[]) =>
      events.flatMap((event) => Array.from({ length: copies }, () => event)),
    ),
  })

/** Writes down what it gets. `batches` has it batch by batch. */
export const collecting = (later: Later, seen: unknown[], batches: unknown[] = []) =>
  consumer({
    handleEvents: later((events: readonly unknown[]) => {
      batches.push(events)
      seen.push(...events)
    }),
  })

/** Sorted by size, in a new array. */
export const ascending = (events: readonly number[]): number[] => [...events].sort((one, other) => one - other)

/** A line of a log. */
export interface LogRecord {
  readonly level: LogLevel
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** A logger that keeps what it is told. */
export function recording(records: LogRecord[]): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, facts: Readonly<Record<string, unknown>>): void => {
      records.push({ level, message, facts })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** What the process still held at its end, as its report says; empty where it held nothing. */
export function heldAtEnd(records: readonly LogRecord[]): object {
  return Object.assign({}, ...records.map(({ facts }) => facts.remaining))
}

/** What a promise rejected with. */
export interface Failure extends Error {
  readonly code: string
  // biome-ignore lint/suspicious/noExplicitAny: what the reason is like is what a test goes on to look at
  readonly reason: any
}

/** The rejection of a promise; fails where it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Failure> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error as Failure
  }
  throw new Error(`expected a rejection, got: ${String(value)}`)
}

/** A promise that is settled by hand. */
export interface Gate<Value = void> {
  readonly opened: Promise<Value>
  open(value: Value): void
  fail(error: unknown): void
}

export function gate<Value = void>(): Gate<Value> {
  let open!: (value: Value) => void
  let fail!: (error: unknown) => void
  const opened = new Promise<Value>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { opened, open, fail }
}
