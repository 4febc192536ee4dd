import { describeReason } from '../base/errors.ts'
import { eventCount } from '../base/event-count.ts'
import type { ExitCause } from './exit/exit-cause.ts'
import { isCleanExit } from './exit/exit-reason.ts'
import { type Linkable, unlink } from './exit/link.ts'
import { emitFailure, emitStopped, totalOf } from './lifecycle-telemetry.ts'
import type { OpenCall, ProcessRecord, Watch } from './process-record.ts'
import type { Deadline } from './schedule/timers.ts'

/**
 * Ends a process: the last of its turns.
 *
 * The order is guaranteed. The name is free before any other process is notified of the end; monitors report the end
 * before linked processes exit because of it; `exited` resolves after all of that. If a step throws (a user-defined
 * clock or signal may), the remaining steps are still taken.
 */
export function end(process: ProcessRecord, cause: ExitCause): void {
  const { runtime, reference, status } = process
  process.status = 'ended'
  const remaining = remainingOf(process)
  runtime.forget(process)
  reference.detach(cause)
  try {
    process.drain?.report(process, cause, remaining)
    report(process, cause, remaining, status === 'starting')
    emitStopped(process, cause, remaining, status !== 'starting')
  } catch (fault) {
    runtime.reportUncaught(fault)
  }
  cancelOwn(process, cause)
  attempt(process, abort, process, cause)

  each(process, process.watchers, fire, cause)
  each(process, process.incomingCalls, failCalleeExited, cause)
  signalLinks(process, cause, status === 'starting')
  attempt(process, rejectStart, process, cause)
  each(process, process.stopWaiters, settleStop, cause)
  reference.resolveExited()

  process.release()
  process.watchers = undefined
  process.incomingCalls = undefined
}

/** One step of an end. */
type EndStep<Item> = (item: Item, cause: ExitCause, process: ProcessRecord) => void

/** Takes a step. If it throws, the error is reported as uncaught in a task of its own. */
function attempt<Item>(process: ProcessRecord, step: EndStep<Item>, item: Item, cause: ExitCause): void {
  try {
    step(item, cause, process)
  } catch (fault) {
    process.runtime.reportUncaught(fault)
  }
}

/** Takes a step for each item. */
function each<Item>(
  process: ProcessRecord,
  items: Iterable<Item> | undefined,
  step: EndStep<Item>,
  cause: ExitCause,
): void {
  if (items !== undefined) for (const item of items) attempt(process, step, item, cause)
}

const abort: EndStep<ProcessRecord> = (process, { reason }) => process.abort?.abort(reason)
const fire: EndStep<Watch> = (watcher, cause) => watcher.fire(cause)
const failCalleeExited: EndStep<OpenCall> = (call, { reason }) => call.failCalleeExited(reason)
const rejectStart: EndStep<ProcessRecord> = (process, cause) => process.startup?.reject(cause)
const settleStop: EndStep<(cause: ExitCause) => void> = (settle, cause) => settle(cause)
const cancel: EndStep<Deadline | Watch> = (cancellable) => cancellable.cancel()
const failCallerExited: EndStep<OpenCall> = (call, _cause, process) => call.failCallerExited(process)
const signal: EndStep<Linkable> = (linked, cause, process) => linked.signalExit(process, cause, process.reference)

/** Places of events that a process holds, in words. */
const PLACES: Readonly<Record<string, string>> = {
  handling: 'being handled',
  inbound: 'received and not handled',
  accumulated: "held back in demand mode 'accumulate'",
  untaken: 'not taken',
  children: 'whose child was running',
  failed: 'whose child failed and was not started again',
}

/** The events that the process still holds. This may call a custom dispatcher, which must not make the end fail. */
function remainingOf(process: ProcessRecord): Readonly<Record<string, number>> {
  const { runtime, label } = process
  try {
    return process.behaviour.remainingEvents()
  } catch (thrown) {
    runtime.log('error', `${label} could not count its remaining events: ${describeReason(thrown)}`, {
      process: process.id,
    })
    return {}
  }
}

/** Whether a linked process or scope reports the failure, or passes it on to one that does. */
function willReport(process: ProcessRecord): boolean {
  const reached = new Set<Linkable>(process.links)
  // Iterates over the set while it grows: chains of links may be longer than the stack is deep.
  for (const linked of reached) {
    const reaction = linked.onFailure
    if (reaction === 'report') return true
    if (reaction === 'pass-on') for (const next of linked.links ?? []) reached.add(next)
  }
  return false
}

/** Cancels the deadlines, monitors and calls that the process has created. */
function cancelOwn(process: ProcessRecord, cause: ExitCause): void {
  each(process, process.deadlines, cancel, cause)
  each(process, process.watching, cancel, cause)
  each(process, process.outgoingCalls, failCallerExited, cause)
  process.deadlines = undefined
  process.watching = undefined
  process.outgoingCalls = undefined
}

/** Sends exit signals along its links. A failed start is reported to the starter by its promise alone. */
function signalLinks(process: ProcessRecord, cause: ExitCause, isFailedStart: boolean): void {
  const links = process.links
  process.links = undefined
  for (const linked of links ?? []) {
    unlink(linked, process)
    if (!(isFailedStart && linked === process.parent)) attempt(process, signal, linked, cause)
  }
}

/** At most this many producers of dropped events are named. */
const MOST_ORIGINS = 3

function originsOf({ behaviour }: ProcessRecord): string {
  const origins = behaviour.origins?.() ?? []
  if (origins.length === 0) return ''
  const named = origins.slice(0, MOST_ORIGINS).join(', ')
  return ` from ${named}${origins.length > MOST_ORIGINS ? ' and others' : ''}`
}

/** Logs a failure once, where it began. Processes that exit because of it log at level debug. */
function report(
  process: ProcessRecord,
  cause: ExitCause,
  remaining: Readonly<Record<string, number>>,
  isFailedStart: boolean,
): void {
  const { runtime, label } = process
  const facts = { process: process.id, name: process.name, callback: cause.callback, reason: cause.reason, remaining }
  const dropped = totalOf(remaining)
  const beganHere = cause.isFailure && cause.origin === label && !isFailedStart
  // The line of the failure includes the number, so that one event in the program is one line in the log.
  if (beganHere) cause.dropped = dropped
  else if (dropped > 0) {
    const places = Object.entries(remaining).filter(([, count]) => count > 0)
    const where = places.map(([place, count]) => `${count} ${PLACES[place] ?? `in its ${place}`}`).join(', ')
    const events = `${eventCount(dropped)}${originsOf(process)}`
    runtime.log('warn', `${label} ended and dropped ${events}: ${where}`, facts)
  }
  if (beganHere) emitFailure(process, cause, dropped)
  if (beganHere && !willReport(process)) runtime.log('error', cause.describe(), facts)
  else if (!isCleanExit(cause.reason)) runtime.log('debug', `${label} ended: ${cause.describe()}`, facts)
}
