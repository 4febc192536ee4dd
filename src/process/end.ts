import { describeReason } from '../base/errors.ts'
import type { PendingCall } from './call.ts'
import type { ExitCause } from './exit/exit-cause.ts'
import { isCleanExit } from './exit/exit-reason.ts'
import { type Linkable, unlink } from './exit/link.ts'
import type { ProcessMonitor } from './monitor.ts'
import type { Behaviour, Process } from './process.ts'
import type { Deadline } from './schedule/timers.ts'

/**
 * Ends a process: the last of its turns.
 *
 * The order is a promise. Its name is free before anyone hears of the end; those who watch hear it before those who
 * are linked die of it; its `exited` resolves after all of that. Whatever one step throws (a clock or a
 * signal of the user's may), those after it are taken all the same.
 */
export function end(process: Process, cause: ExitCause): void {
  const { runtime, reference, status } = process
  process.status = 'ended'
  const remaining = remainingOf(process)
  runtime.forget(process)
  reference.detach(cause)
  try {
    process.drain?.report(process, cause, remaining)
    report(process, cause, remaining, status === 'starting')
    announce(process, cause, remaining, status !== 'starting')
  } catch (fault) {
    runtime.reportUncaught(fault)
  }
  release(process, cause)
  attempt(process, abort, process, cause)

  each(process, process.watchers, fire, cause)
  each(process, process.incomingCalls, abandon, cause)
  signalLinks(process, cause, status === 'starting')
  attempt(process, rejectStart, process, cause)
  each(process, process.stopWaiters, settleStop, cause)
  reference.resolveExited()

  // Whoever still holds the process (a timer's closure, a late promise) must not hold what it worked on.
  process.behaviour = endedBehaviour
  process.mailbox.clear()
  process.watchers = undefined
  process.incomingCalls = undefined
}

/** One step of an end. */
type EndStep<Item> = (item: Item, cause: ExitCause, process: Process) => void

/** Takes a step; a fault in it is raised as uncaught, in a task of its own. */
function attempt<Item>(process: Process, step: EndStep<Item>, item: Item, cause: ExitCause): void {
  try {
    step(item, cause, process)
  } catch (fault) {
    process.runtime.reportUncaught(fault)
  }
}

/** Takes a step for each of them. */
function each<Item>(process: Process, items: Iterable<Item> | undefined, step: EndStep<Item>, cause: ExitCause): void {
  if (items !== undefined) for (const item of items) attempt(process, step, item, cause)
}

const abort: EndStep<Process> = (process, { reason }) => process.abort?.abort(reason)
const fire: EndStep<ProcessMonitor> = (watcher, cause) => watcher.fire(cause)
const abandon: EndStep<PendingCall> = (call, { reason }) => call.failCalleeExited(reason)
const rejectStart: EndStep<Process> = (process, cause) => process.startup?.reject(cause)
const settleStop: EndStep<(cause: ExitCause) => void> = (settle, cause) => settle(cause)
const cancel: EndStep<Deadline | ProcessMonitor> = (held) => held.cancel()
const disown: EndStep<PendingCall> = (call, _cause, process) => call.failCallerExited(process)
const signal: EndStep<Linkable> = (linked, cause, process) => linked.signalExit(process, cause, process.reference)

/** What a process does that has ended. */
const endedBehaviour: Behaviour = {
  init: () => 'done',
  receive: () => 'done',
  terminate: () => 'done',
  remainingEvents: () => ({}),
  inspect: () => ({ isBlocked: false }),
}

/** Where events are that a process holds, in words. */
const PLACES: Readonly<Record<string, string>> = {
  handling: 'being handled',
  inbound: 'received and not handled',
  accumulated: "held back in demand mode 'accumulate'",
  untaken: 'not taken',
  children: 'whose child was running',
  failed: 'whose child failed and was not started again',
}

/** What the process still holds. A dispatcher of the user's may be asked here, and the end must not fail of it. */
function remainingOf(process: Process): Readonly<Record<string, number>> {
  const { runtime, label } = process
  try {
    return process.behaviour.remainingEvents()
  } catch (thrown) {
    runtime.log('error', `${label} could not say what it held at its end: ${describeReason(thrown)}`, {
      process: process.id,
    })
    return {}
  }
}

/** Tells those who listen. */
function announce(
  process: Process,
  { reason, isFailure }: ExitCause,
  remaining: Readonly<Record<string, number>>,
  wasStarted: boolean,
): void {
  const { telemetry, processes } = process.runtime
  if (!telemetry.hasListener('stage.stopped')) return
  const numbers = { remaining: total(remaining), alive: processes.size }
  telemetry.execute('stage.stopped', numbers, { stage: process.identity, reason, isFailure, wasStarted, remaining })
}

function total(remaining: Readonly<Record<string, number>>): number {
  return Object.values(remaining).reduce((sum, count) => sum + count, 0)
}

/** Whether one of those it is linked to reports the failure, or passes it on to one that does. */
function willBeSurfaced(process: Process): boolean {
  const reached = new Set<Linkable>(process.links)
  // A set takes in what is added while it is gone through: chains of links may be longer than the stack is deep.
  for (const linked of reached) {
    const reaction = linked.onFailure
    if (reaction === 'report') return true
    if (reaction === 'pass-on') for (const next of linked.links ?? []) reached.add(next)
  }
  return false
}

/** Gives back all that the process holds of others. */
function release(process: Process, cause: ExitCause): void {
  each(process, process.deadlines, cancel, cause)
  each(process, process.watching, cancel, cause)
  each(process, process.outgoingCalls, disown, cause)
  process.deadlines = undefined
  process.watching = undefined
  process.outgoingCalls = undefined
}

/** Tells those it is linked to. A start that failed is told to the starter by its promise, and by nothing else. */
function signalLinks(process: Process, cause: ExitCause, isFailedStart: boolean): void {
  const links = process.links
  process.links = undefined
  for (const linked of links ?? []) {
    unlink(linked, process)
    if (!(isFailedStart && linked === process.parent)) attempt(process, signal, linked, cause)
  }
}

/** Up to this many producers are named whose events were dropped. */
const MOST_ORIGINS = 3

function originsOf({ behaviour }: Process): string {
  const origins = behaviour.origins?.() ?? []
  if (origins.length === 0) return ''
  const named = origins.slice(0, MOST_ORIGINS).join(', ')
  return ` from ${named}${origins.length > MOST_ORIGINS ? ' and others' : ''}`
}

/** Says once, where it began, that a process failed; processes that end of the same cause report it at level debug. */
function report(
  process: Process,
  cause: ExitCause,
  remaining: Readonly<Record<string, number>>,
  isFailedStart: boolean,
): void {
  const { runtime, label } = process
  const facts = { process: process.id, name: process.name, callback: cause.callback, reason: cause.reason, remaining }
  const dropped = total(remaining)
  const beganHere = cause.isFailure && cause.origin === label && !isFailedStart
  // The failure's own line has the count: one line for one thing that happened.
  if (beganHere) cause.dropped = dropped
  else if (dropped > 0) {
    const places = Object.entries(remaining).filter(([, count]) => count > 0)
    const where = places.map(([place, count]) => `${count} ${PLACES[place] ?? `in its ${place}`}`).join(', ')
    const events = `${dropped} ${dropped === 1 ? 'event' : 'events'}${originsOf(process)}`
    runtime.log('warn', `${label} ended and dropped ${events}: ${where}`, facts)
  }
  if (beganHere && runtime.telemetry.hasListener('failure.reported')) {
    const { reason, callback } = cause
    const description = cause.describe()
    runtime.telemetry.execute(
      'failure.reported',
      { remaining: total(remaining) },
      { stage: process.identity, reason, callback, description },
    )
  }
  if (beganHere && !willBeSurfaced(process)) runtime.log('error', cause.describe(), facts)
  else if (!isCleanExit(cause.reason)) runtime.log('debug', `${label} ended: ${cause.describe()}`, facts)
}
