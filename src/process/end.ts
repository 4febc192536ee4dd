import { explain } from '../base/errors.ts'
import type { Ending } from './ending.ts'
import { isOrderly } from './exit-reason.ts'
import { type Linkable, unlink } from './link.ts'
import type { Behaviour, Process } from './process.ts'

/**
 * Ends a process: the last of its turns.
 *
 * The order is a promise. Its name is free before anyone hears of the end; those who watch hear it before those who
 * are linked die of it; whoever waits for its `exited` finds all of that done.
 */
export function end(process: Process, ending: Ending): void {
  const { runtime, reference, status } = process
  process.status = 'ended'
  const held = heldBy(process)
  runtime.forget(process)
  reference.leave(ending)
  process.drain?.report(process, ending, held)
  report(process, ending, held, status === 'starting')
  announce(process, ending, held, status !== 'starting')
  release(process)
  process.abort?.abort(ending.reason)

  for (const watcher of process.watchers ?? []) watcher.fire(ending)
  for (const call of process.callsToAnswer ?? []) call.abandon(ending.reason)
  passOn(process, ending, status === 'starting')
  process.startup?.reject(ending)
  for (const told of process.stopWaiters ?? []) told(ending)
  reference.announce()

  // Whoever still holds the process (a timer's closure, a late promise) must not hold what it worked on.
  process.behaviour = gone
  process.mailbox.clear()
  process.watchers = undefined
  process.callsToAnswer = undefined
}

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

/** Whether one of those it is linked to reports the failure, or passes it on to someone who does. */
function willBeSurfaced(process: Process): boolean {
  const visited = new Set<Linkable>([process])
  for (const linked of process.links ?? []) if (linked.willSurface(visited)) return true
  return false
}

/** Gives back all that the process holds of others. */
function release(process: Process): void {
  for (const deadline of process.deadlines ?? []) deadline.cancel()
  for (const watch of process.watching ?? []) watch.cancel()
  for (const call of process.callsMade ?? []) call.disown(process)
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
    if (!(isFailedStart && linked === process.parent)) linked.signalExit(process, ending, process.reference)
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

/** Says once, where it began, that a process failed; whoever ends of the same cause says it at level debug. */
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
