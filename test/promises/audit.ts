import { type StageSnapshot, snapshot } from 'genstage/snapshot'
import type { Account, Emitter, Handler, Ledger, Problem } from './ledger.ts'
import type { Pipeline } from './pipeline.ts'

const sum = (numbers: Iterable<number>): number => {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/**
 * Adds up where the events of each stage are when all stages have exited. Returns what is wrong.
 *
 * ```text
 *   emitted = handed to subscribers + hashed away + discarded, and reported + dropped with a subscriber, and reported
 *             + held at the exit, and reported
 *   handed  = handled + held by the consumer at its exit, and reported
 * ```
 */
export function whatIsUnaccountedFor(ledger: Ledger): Problem[] {
  return [
    ...ledger.problems,
    ...breaking(
      'conservation',
      [...ledger.emitters.values()].flatMap((emitter) => emitterProblems(emitter, ledger)),
    ),
    ...breaking(
      'conservation',
      [...ledger.handlers.values()].flatMap((handler) => handlerProblems(handler, ledger)),
    ),
  ]
}

function breaking(breaks: Problem['breaks'], texts: readonly string[]): Problem[] {
  return texts.map((text) => ({ breaks, text }))
}

function emitterProblems(emitter: Emitter, ledger: Ledger): string[] {
  const { label, emitted, handed, hashedAway, discarded, droppedWithSubscriber } = emitter
  const { buffer = 0, dispatcher = 0, accumulated = 0 } = ledger.held.get(emitter.id) ?? {}
  const found = handed.size + hashedAway.size + discarded + droppedWithSubscriber + buffer + dispatcher + accumulated
  const problems: string[] = []
  // It is unknown whether the result of a promise that settled just before the exit was taken.
  if (found !== emitted.size && found !== emitted.size + emitter.unsettled) {
    problems.push(
      `${label} emitted ${emitted.size} events, but accounts for ${found}: handed out ${handed.size}, ` +
        `hashed away ${hashedAway.size}, discarded ${discarded}, dropped with subscribers ${droppedWithSubscriber}, ` +
        `held at the end ${buffer} in its buffer, ${dispatcher} in its dispatcher, ${accumulated} accumulated`,
    )
  }
  const logged = emitter.reportedDiscarded === undefined ? discarded : emitter.allowedDiscarded
  if (emitter.loggedDiscarded !== logged) {
    problems.push(`${label} logged ${emitter.loggedDiscarded} discarded events, and not ${logged}`)
  }
  return problems
}

function handlerProblems(handler: Handler, ledger: Ledger): string[] {
  const { label, received, seen, batch } = handler
  const { handling = 0, inbound = 0, mailbox = 0 } = ledger.held.get(handler.id) ?? {}
  const held = handling + inbound + mailbox
  // A batch counts as held until the library has taken the result, which is unknown if it has just settled.
  const unhandled = received - seen
  const possible =
    batch === undefined
      ? [unhandled]
      : batch.state === 'returned'
        ? [unhandled, unhandled + batch.size]
        : [unhandled + batch.size]
  if (possible.includes(held)) return []
  return [
    `${label} was sent ${received} events and handled ${seen}, the last ${batch?.size ?? 0} of them ` +
      `${batch?.state ?? 'for sure'}, but held ${held} at its end: ${handling} being handled, ${inbound} inbound, ` +
      `${mailbox} in its mailbox`,
  ]
}

/** What is wrong with a pipeline at rest: consumers have all they were sent, and have asked for more. */
export function whatIsAmissAtRest({ ledger, replaced }: Pipeline): Problem[] {
  const accounts = [...ledger.accounts.values()]
  const isOpen = ({ tag, isOver, emitter, consumer }: Account): boolean =>
    replaced.has(tag) && !isOver && ledger.isAlive(emitter.id) && ledger.isAlive(consumer)
  return breaking('demand', [
    ...accounts.flatMap((account) => restProblems(account, ledger)),
    ...accounts.filter(isOpen).map(({ tag }) => `${tag} goes on, although another was put in its place`),
  ])
}

function restProblems(account: Account, ledger: Ledger): string[] {
  const { tag, emitter, consumer, asked, seen, delivered, isManual, isOver, min, extra } = account
  const handler = ledger.handlers.get(consumer)
  if (handler === undefined || !ledger.isAlive(consumer)) return []
  handler.settle()
  const problems: string[] = []
  const isRelay = ledger.emitters.has(consumer)
  if (!isRelay && seen !== delivered.length) {
    problems.push(`${handler.label} rests, and has handled ${seen} of the ${delivered.length} events under ${tag}`)
  }
  if (isManual || isOver || extra > 0 || !ledger.isAlive(emitter.id)) return problems
  // One of whose producers has ended may be on its way out: it asks for nothing more, and hands on what it holds.
  const hasEnded = (other: Account): boolean => other.isOver || !ledger.isAlive(other.emitter.id)
  const others = [...ledger.accounts.values()].filter((other) => other.consumer === consumer)
  if (isRelay && others.some(hasEnded)) return problems
  if (asked - seen <= min) {
    problems.push(
      `${handler.label} rests with ${asked - seen} events outstanding under ${tag}, and should ask at ${min}`,
    )
  }
  return problems
}

/**
 * What stands still in a pipeline at rest: events that wait although they are asked for, and demand that is lost.
 *
 * It goes by a snapshot, as a user would.
 */
export function whatStandsStill({ ledger, runtime }: Pipeline): Problem[] {
  const stages = snapshot({ runtime }).stages
  return breaking(
    'order',
    stages.flatMap((stage) => {
      const emitter = ledger.emitters.get(stage.id)
      return emitter === undefined ? [] : standing(stage, emitter)
    }),
  )
}

function standing({ producing, consuming }: StageSnapshot, emitter: Emitter): string[] {
  if (producing === undefined || producing.demandMode === 'accumulate') return []
  const { label, left, isCustom } = emitter
  const open = openDemandOf(producing, emitter)
  if (open <= 0) return []
  const problems: string[] = []
  const { events } = producing.buffer
  if (events > 0) problems.push(`${label} rests with ${events} events in its buffer, and ${open} are asked for`)
  const inbound = consuming?.inbound ?? 0
  if (inbound > 0) problems.push(`${label} rests with ${inbound} events to handle, and ${open} are asked for`)
  // A dispatcher that does not state its demand cannot state either which events were discarded for which.
  if (left > 0 && !isCustom) problems.push(`${label} rests with ${left} events to emit, and ${open} are asked for`)
  return problems
}

/** How many events a stage could hand out, as far as that shows from outside. */
function openDemandOf({ subscribers, dispatcher }: NonNullable<StageSnapshot['producing']>, emitter: Emitter): number {
  const pending = subscribers.map((subscriber) => subscriber.pending)
  if (emitter.dispatcher === 'broadcast') return pending.length === 0 ? 0 : Math.min(...pending)
  // A partition's events may wait in its dispatcher for want of a subscriber that asks; the others wait for them.
  return sum(pending) - dispatcher.queued
}

/** How many events all processes together are known to have handled, for tests that something happens at all. */
export function handledBy(ledger: Ledger): number {
  return sum([...ledger.handlers.values()].map(({ seen }) => seen))
}
