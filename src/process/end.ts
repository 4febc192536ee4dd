import { explain } from '../base/errors.ts'
import type { PendingCall } from './call.ts'
import type { Ending } from './exit/exit-cause.ts'
import { isOrderly } from './exit/exit-reason.ts'
import { type Linkable, unlink } from './exit/link.ts'
import type { Monitor } from './monitor.ts'
import type { Behaviour, Process } from './process.ts'
import type { Deadline } from './schedule/timers.ts'

/**
 * Ends a process: the last of its turns.
 *
 * The order is a promise. Its name is free before anyone hears of the end; those who watch hear it before those who
 * are linked die of it; its `exited` resolves after all of that. Whatever one step throws (a clock or a
 * signal of the user's may), those after it are taken all the same.
 */
export function end(process: Process, ending: Ending): void {
  const { runtime, reference, status } = process
  process.status = 'ended'
  const held = heldBy(process)
  runtime.forget(process)
  reference.leave(ending)
  try {
    process.drain?.report(process, ending, held)
    report(process, ending, held, status === 'starting')
    announce(process, ending, held, status !== 'starting')
  } catch (fault) {
    runtime.surface(fault)
  }
  release(process, ending)
  attempt(process, abort, process, ending)

  each(process, process.watchers, fire, ending)
  each(process, process.callsToAnswer, abandon, ending)
  passOn(process, ending, status === 'starting')
  attempt(process, rejectStart, process, ending)
  each(process, process.stopWaiters, settleStop, ending)
  reference.announce()

  // Whoever still holds the process (a timer's closure, a late promise) must not hold what it worked on.
  process.behaviour = gone
  process.mailbox.clear()
  process.watchers = undefined
  process.callsToAnswer = undefined
}

/** One step of an end. */
type Step<Item> = (item: Item, ending: Ending, process: Process) => void

/** Takes a step; a fault in it is raised as uncaught, in a task of its own. */
function attempt<Item>(process: Process, step: Step<Item>, item: Item, ending: Ending): void {
  try {
    step(item, ending, process)
  } catch (fault) {
    process.runtime.surface(fault)
  }
}

/** Takes a step for each of them. */
function each<Item>(process: Process, items: Iterable<Item> | undefined, step: Step<Item>, ending: Ending): void {
  if (items !== undefined) for (const item of items) attempt(process, step, item, ending)
}

const abort: Step<Process> = (process, { reason }) => process.abort?.abort(reason)
const fire: Step<Monitor> = (watcher, ending) => watcher.fire(ending)
const abandon: Step<PendingCall> = (call, { reason }) => call.abandon(reason)
const rejectStart: Step<Process> = (process, ending) => process.startup?.reject(ending)
const settleStop: Step<(ending: Ending) => void> = (settle, ending) => settle(ending)
const cancel: Step<Deadline | Monitor> = (held) => held.cancel()
const disown: Step<PendingCall> = (call, _ending, process) => call.disown(process)
const signal: Step<Linkable> = (linked, ending, process) => linked.signalExit(process, ending, process.reference)

/** What a process does that has ended. */
const gone: Behaviour = {
  init: () => 'done',
  receive: () => 'done',
  terminate: () => 'done',
  held: () => ({}),
  inspect: () => ({ isStarved: false }),
}

/** Where events are that a process holds, in words. */
const PLACES: Readonly<Record<string, string>> = {
  hands: 'being handled',
  inbound: 'received and not handled',
  accumulated: "held back in demand mode 'accumulate'",
  untaken: 'not taken',
  children: 'whose child was running',
  failed: 'whose child failed and was not started again',
}

/** What the process still holds. A dispatcher of the user's may be asked here, and the end must not fail of it. */
function heldBy(process: Process): Readonly<Record<string, number>> {
  const { runtime, label } = process
  try {
    return process.behaviour.held()
  } catch (thrown) {
    runtime.log('error', `${label} could not say what it held at its end: ${explain(thrown)}`, { process: process.id })
    return {}
  }
}

/** Tells those who listen. */
function announce(
  process: Process,
  { reason, isFailure }: Ending,
  held: Readonly<Record<string, number>>,
  wasStarted: boolean,
): void {
  const { telemetry, processes } = process.runtime
  if (!telemetry.hears('stage.stopped')) return
  const numbers = { held: total(held), alive: processes.size }
  telemetry.execute('stage.stopped', numbers, { stage: process.identity, reason, isFailure, wasStarted, held })
}

function total(held: Readonly<Record<string, number>>): number {
  return Object.values(held).reduce((sum, count) => sum + count, 0)
}

/** Whether one of those it is linked to reports the failure, or passes it on to one that does. */
function willBeSurfaced(process: Process): boolean {
  const reached = new Set<Linkable>(process.links)
  // A set takes in what is added while it is gone through: chains of links may be longer than the stack is deep.
  for (const linked of reached) {
    const reaction = linked.onFailure
    if (reaction === 'surface') return true
    if (reaction === 'pass on') for (const next of linked.links ?? []) reached.add(next)
  }
  return false
}

/** Gives back all that the process holds of others. */
function release(process: Process, ending: Ending): void {
  each(process, process.deadlines, cancel, ending)
  each(process, process.watching, cancel, ending)
  each(process, process.callsMade, disown, ending)
  process.deadlines = undefined
  process.watching = undefined
  process.callsMade = undefined
}

/** Tells those it is linked to. A start that failed is told to the starter by its promise, and by nothing else. */
function passOn(process: Process, ending: Ending, isFailedStart: boolean): void {
  const links = process.links
  process.links = undefined
  for (const linked of links ?? []) {
    unlink(linked, process)
    if (!(isFailedStart && linked === process.parent)) attempt(process, signal, linked, ending)
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
  ending: Ending,
  held: Readonly<Record<string, number>>,
  isFailedStart: boolean,
): void {
  const { runtime, label } = process
  const facts = { process: process.id, name: process.name, callback: ending.callback, reason: ending.reason, held }
  const dropped = total(held)
  const beganHere = ending.isFailure && ending.origin === label && !isFailedStart
  // The failure's own line has the count: one line for one thing that happened.
  if (beganHere) ending.dropped = dropped
  else if (dropped > 0) {
    const places = Object.entries(held).filter(([, count]) => count > 0)
    const where = places.map(([place, count]) => `${count} ${PLACES[place] ?? `in its ${place}`}`).join(', ')
    const events = `${dropped} ${dropped === 1 ? 'event' : 'events'}${originsOf(process)}`
    runtime.log('warn', `${label} ended and dropped ${events}: ${where}`, facts)
  }
  if (beganHere && runtime.telemetry.hears('failure.reported')) {
    const { reason, callback } = ending
    const description = ending.describe()
    runtime.telemetry.execute(
      'failure.reported',
      { held: total(held) },
      { stage: process.identity, reason, callback, description },
    )
  }
  if (beganHere && !willBeSurfaced(process)) runtime.log('error', ending.describe(), facts)
  else if (!isOrderly(ending.reason)) runtime.log('debug', `${label} ended: ${ending.describe()}`, facts)
}
