import { BadReturnError } from '../../base/errors.ts'
import { isError } from '../../base/is-error.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { AnyStage } from './any-stage.ts'
import type { EmitRule } from './emit-rule.ts'

const EXPECTED: Record<EmitRule, string> = {
  events: 'an array of events ([] for none) or { events?, stop? }',
  'events or nothing': 'an array of events, nothing, or { events?, stop? }',
  nothing: 'nothing or { stop? }, as a consumer emits no events',
}

/** The result of a callback that is not an array: checked, and without the keys whose value is undefined. */
interface ResultRecord {
  readonly events?: readonly unknown[]
  readonly stop?: ExitReason
  readonly reply?: unknown
}

/**
 * Applies the result of a callback: emits its events, then stops the stage if the result has a `stop`.
 *
 * If the result is a promise, the stage is parked until it settles. No other stage is blocked.
 */
export function applyResult(stage: AnyStage, callback: string, result: unknown, rule: EmitRule): Progress {
  if (Array.isArray(result)) {
    if (result.length > 0) {
      if (rule === 'nothing') throw new BadReturnError(callback, EXPECTED[rule], result)
      return stage.emitAll(result)
    }
    return 'done'
  }
  if (result === undefined && rule !== 'events') return 'done'
  return applyLongResult(stage, callback, result, rule)
}

/** Applies a promise or a record. A function of its own, so that the usual results need no context for closures. */
function applyLongResult(stage: AnyStage, callback: string, result: unknown, rule: EmitRule): Progress {
  if (isThenable(result)) return stage.process.park(result, (value) => applyResult(stage, callback, value, rule))
  const { events, stop } = readRecord(callback, result, ['events', 'stop'], EXPECTED[rule])
  const progress = events === undefined ? 'done' : applyResult(stage, callback, events, rule)
  return stop === undefined ? progress : stage.process.afterwards(progress, () => stage.process.stop(stop))
}

/**
 * Applies the result of a request handler: emits its events, then replies, then stops.
 *
 * A reply that is a promise keeps the call open and does not park the stage: it goes on with its next message.
 */
export function applyCallResult(stage: AnyStage, callback: string, result: unknown, call: PendingCall): Progress {
  if (result === undefined) return 'done'
  if (isThenable(result)) return stage.process.park(result, (value) => applyCallResult(stage, callback, value, call))
  const expected = '{ reply, events?, stop? }, or nothing if from.reply is called later'
  const record = readRecord(callback, result, ['reply', 'events', 'stop'], expected)
  const { events } = record
  if (events === undefined) return replyAndStop(stage, call, record)
  const progress = applyResult(stage, callback, events, 'events')
  return stage.process.afterwards(progress, () => replyAndStop(stage, call, record))
}

function replyAndStop(stage: AnyStage, call: PendingCall, record: ResultRecord): Progress {
  const hasReply = Object.hasOwn(record, 'reply')
  const { reply, stop } = record
  if (stop === undefined) {
    if (hasReply) call.reply(reply)
    return 'done'
  }
  if (isThenable(reply)) return stopAfterReply(stage, call, reply, stop)
  // As in GenServer: first `terminate` runs, then the caller receives its reply, then the exit is announced.
  if (hasReply) stage.process.beforeExit(() => call.reply(reply))
  return stage.process.stop(stop)
}

/** Waits for the reply before it stops the stage, because the exit would reject the call. */
function stopAfterReply(stage: AnyStage, call: PendingCall, reply: PromiseLike<unknown>, stop: ExitReason): Progress {
  const { process } = stage
  const settled = new Promise<unknown>((resolve) => resolve(reply)).then(
    (value) => () => call.reply(value),
    (error: unknown) => () => call.fail(error),
  )
  return process.park(settled, (settle) => {
    process.beforeExit(settle as () => void)
    return process.stop(stop)
  })
}

/** Applies a result of `handleSubscribe` that does not accept the subscription: it can only be a stop. */
export function applySubscribeStop(stage: AnyStage, result: unknown, expected: string): Progress {
  const { events = [], stop } = readRecord('handleSubscribe', result, ['events', 'stop'], expected)
  if (stop === undefined || events.length > 0) throw new BadReturnError('handleSubscribe', expected, result)
  return stage.process.stop(stop)
}

/** Reads a result that must be a record with no other keys than these. */
function readRecord(callback: string, result: unknown, keys: readonly string[], expected: string): ResultRecord {
  if (!isResultRecord(result) || Object.keys(result).some((key) => !keys.includes(key))) {
    throw new BadReturnError(callback, expected, result)
  }
  const record: Record<string, unknown> = {}
  for (const key of Object.keys(result)) {
    const value = (result as Record<string, unknown>)[key]
    // A reply may be undefined. A stop or events that are undefined were not given.
    if (value !== undefined || key === 'reply') record[key] = value
  }
  if (record.events !== undefined && !Array.isArray(record.events)) {
    throw new BadReturnError(callback, expected, result)
  }
  return record
}

/** Whether a result is meant as a record. A `Set` of events is not, nor is a generator or an error. */
function isResultRecord(result: unknown): result is object {
  if (typeof result !== 'object' || result === null || Array.isArray(result) || isError(result)) return false
  const prototype: unknown = Object.getPrototypeOf(result)
  return prototype === null || prototype === Object.prototype || Object.keys(result).length > 0
}
