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

// The stages that most tests of stages use.

/** Makes a callback return its result immediately, or as a promise. Its body runs immediately in both cases. */
export type Later = <Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
) => (...args: Args) => Result | Promise<Awaited<Result>>

/** Returns the result immediately. */
export const atOnce: Later = (callback) => callback

/** Returns the result after the microtasks that are queued now. */
export const soon: Later = returningAfter(() => Promise.resolve())

/** The timings that most tests run with: sync, and async after one turn of the event loop. */
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

/** Starts a stage in the test's runtime, without a link. */
export function launch<Ref extends ProcessRef>(
  runtime: TestRuntime,
  stage: Stage<Ref>,
  options?: StartOptions<NoInfer<Ref>>,
): Promise<Ref> {
  return start(stage, { ...options, runtime })
}

export const range = (first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, index) => first + index)

/** Emits the numbers from 0 to `end` - 1, and then nothing; it does not exit. `demands` collects the demand. */
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

/** Emits the events of a call or a cast, and nothing on demand. */
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

/** Emits each event `copies` times. */
export const copying = (later: Later, copies: number, onProducerEnd: 'drain' | 'stop' = 'drain') =>
  producerConsumer({
    onProducerEnd,
    handleEvents: later((events: readonly number[]) =>
      events.flatMap((event) => Array.from({ length: copies }, () => event)),
    ),
  })

/** Records its events in `seen`, and its batches in `batches`. */
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

/** A logger that records its lines. */
export function recording(records: LogRecord[]): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, facts: Readonly<Record<string, unknown>>): void => {
      records.push({ level, message, facts })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** The events that the process still held at its exit, as its report shows them; empty if there were none. */
export function heldAtEnd(records: readonly LogRecord[]): object {
  return Object.assign({}, ...records.map(({ facts }) => facts.remaining))
}

/** The error that a promise rejected with. */
export interface Failure extends Error {
  readonly code: string
  // biome-ignore lint/suspicious/noExplicitAny: what the reason is like is what a test goes on to look at
  readonly reason: any
}

/** The error that a promise rejects with. Throws if it resolves. */
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
