import { BadReturnError } from '../../base/errors.ts'
import { isError } from '../../base/is-error.ts'
import { isThenable } from '../../base/is-thenable.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { PendingCall } from '../../process/call.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { StageBehaviour } from '../kinds/stage-behaviour.ts'

/** What a callback may answer: `events` or nothing, `events` and never nothing, or nothing at all. */
export type ResultRule = 'events' | 'events or nothing' | 'nothing'

const EXPECTED: Record<ResultRule, string> = {
  events: 'an array of events ([] for none) or { events?, stop? }',
  'events or nothing': 'an array of events, nothing, or { events?, stop? }',
  nothing: 'nothing or { stop? }, as a consumer emits no events',
}

/** What a callback answers that is no array: checked, and without the keys whose value is undefined. */
interface AnswerRecord {
  readonly events?: readonly unknown[]
  readonly stop?: ExitReason
  readonly reply?: unknown
}

/**
 * Acts on what a callback answered: sends its events out, or stops the stage after that.
 *
 * A promise is waited for, which parks the stage and nobody else.
 */
export function applyResult(stage: StageBehaviour, callback: string, result: unknown, rule: ResultRule): Progress {
  if (Array.isArray(result)) {
    if (result.length > 0) {
      if (rule === 'nothing') throw new BadReturnError(callback, EXPECTED[rule], result)
      return stage.emitAll(result)
    }
    return 'done'
  }
  if (result === undefined && rule !== 'events') return 'done'
  if (isThenable(result)) return stage.process.park(result, (value) => followLate(stage, callback, value, rule))
  const { events, stop } = readRecord(callback, result, ['events', 'stop'], EXPECTED[rule])
  const progress = events === undefined ? 'done' : applyResult(stage, callback, events, rule)
  if (stop === undefined) return progress
  return progress === 'done'
    ? stage.process.stop(stop)
    : stage.process.afterwards(progress, () => stage.process.stop(stop))
}

/** Follows what a promise gave, which is no promise again. */
function followLate(stage: StageBehaviour, callback: string, value: unknown, rule: ResultRule): Progress {
  return applyResult(stage, callback, value, rule)
}

/**
 * Acts on what a request's handler answered: its events, then its reply, then its stop.
 *
 * A reply that is a promise keeps the call open, and parks nobody: the stage handles what comes next.
 */
export function applyCallResult(stage: StageBehaviour, callback: string, result: unknown, call: PendingCall): Progress {
  if (result === undefined) return 'done'
  if (isThenable(result)) return stage.process.park(result, (value) => applyCallResult(stage, callback, value, call))
  const expected = '{ reply, events?, stop? }, or nothing where from.reply comes later'
  const record = readRecord(callback, result, ['reply', 'events', 'stop'], expected)
  const { events } = record
  const progress = events === undefined ? 'done' : applyResult(stage, callback, events, 'events')
  if (progress === 'done') return replyAndStop(stage, call, record)
  return stage.process.afterwards(progress, () => replyAndStop(stage, call, record))
}

function replyAndStop(stage: StageBehaviour, call: PendingCall, record: AnswerRecord): Progress {
  const hasReply = Object.hasOwn(record, 'reply')
  const { reply, stop } = record
  if (stop === undefined) {
    if (hasReply) call.reply(reply)
    return 'done'
  }
  if (isThenable(reply)) return stopAfterReply(stage, call, reply, stop)
  // As in GenServer: terminate runs first, then the caller has its reply, then everyone hears of the end.
  if (hasReply) stage.process.beforeExit(() => call.reply(reply))
  return stage.process.stop(stop)
}

/** Waits for a reply that is promised and only then stops the stage, as its end would reject the call. */
function stopAfterReply(
  stage: StageBehaviour,
  call: PendingCall,
  reply: PromiseLike<unknown>,
  stop: ExitReason,
): Progress {
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

/** Acts on what a `handleSubscribe` answered that lets nobody subscribe: it can only be a stop. */
export function applySubscribeResult(stage: StageBehaviour, result: unknown, expected: string): Progress {
  const { events = [], stop } = readRecord('handleSubscribe', result, ['events', 'stop'], expected)
  if (stop === undefined || events.length > 0) throw new BadReturnError('handleSubscribe', expected, result)
  return stage.process.stop(stop)
}

/** Reads an answer that must be a record with some of these keys. */
function readRecord(callback: string, result: unknown, keys: readonly string[], expected: string): AnswerRecord {
  if (!isRecord(result) || Object.keys(result).some((key) => !keys.includes(key))) {
    throw new BadReturnError(callback, expected, result)
  }
  const record: Record<string, unknown> = {}
  for (const key of Object.keys(result)) {
    const value = (result as Record<string, unknown>)[key]
    // A reply may be undefined; an undefined stop or events is one that was not given.
    if (value !== undefined || key === 'reply') record[key] = value
  }
  if (record.events !== undefined && !Array.isArray(record.events)) {
    throw new BadReturnError(callback, expected, result)
  }
  return record
}

/** Whether an answer is meant as a record. A `Set` of events is not, nor is what a generator answers, or an error. */
function isRecord(result: unknown): result is object {
  if (typeof result !== 'object' || result === null || Array.isArray(result) || isError(result)) return false
  const prototype: unknown = Object.getPrototypeOf(result)
  return prototype === null || prototype === Object.prototype || Object.keys(result).length > 0
}
