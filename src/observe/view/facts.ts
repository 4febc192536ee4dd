import type { EachInspection } from '../../telemetry/inspection.ts'
import type { StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'
import { amount, counted, duration, percent, rate } from './numbers.ts'
import type { Rates } from './timeline.ts'

/** A line of the details of a stage: a name and a value. */
export type Fact = readonly [name: string, value: string]

/** The facts about a stage, without its user-defined state. `time` is that of the snapshot. */
export function factsOf(stage: StageSnapshot, rates: Rates, time: number): readonly Fact[] {
  const { consuming, producing, supervising } = stage
  const facts: Fact[] = [
    ['state', stateText(stage, time)],
    ['busy', percent(rates.busy)],
    ['mailbox', counted(stage.mailbox, 'message')],
  ]
  if (consuming !== undefined) {
    const { handled, batches, handling, inbound, mailbox, each } = consuming
    facts.push(
      ['handles', `${rate(rates.handled)} events/s`],
      ['handled', `${counted(handled, 'event')} in ${amount(batches)} ${batches === 1 ? 'batch' : 'batches'}`],
      ['handling', counted(handling, 'event')],
      ['waiting', `${counted(mailbox, 'event')} in the mailbox${inbound === 0 ? '' : `, ${amount(inbound)} inbound`}`],
    )
    if (each !== undefined) facts.push(...eachFacts(each))
  }
  if (producing !== undefined) {
    const { buffer, dispatcher, discarded, emitted, sent, pending, demandMode, accumulated } = producing
    facts.push(
      ['emits', `${rate(rates.emitted)} events/s`],
      ['emitted', `${counted(emitted, 'event')}, ${amount(sent)} sent`],
      ['demand', `${amount(pending)} open${demandMode === 'accumulate' ? ', accumulating' : ''}`],
      ['buffer', `${amount(buffer.events)} of ${buffer.size === null ? 'any number' : amount(buffer.size)}`],
      ['dispatcher', `${dispatcher.kind}${dispatcher.queued === 0 ? '' : `, holds ${amount(dispatcher.queued)}`}`],
    )
    if (accumulated > 0) facts.push(['accumulated', counted(accumulated, 'event')])
    if (discarded > 0) facts.push(['dropped', counted(discarded, 'event')])
  }
  if (supervising !== undefined) {
    const { strategy, restarts, children } = supervising
    facts.push(['supervises', `${amount(children.length)} ${strategy}`], ['restarts', amount(restarts)])
  }
  return facts
}

/** What the events of a stage with `handleEvent` wait for. */
function eachFacts(each: EachInspection): Fact[] {
  const { concurrency, running, queued, waitingForKey, waitingForRate, waitingForRetry, waitingForOrder } = each
  const waiting: readonly (readonly [string, number])[] = [
    ['for a place', queued],
    ['for a key', waitingForKey],
    ['for the rate', waitingForRate],
    ['for a retry', waitingForRetry],
    ['for earlier results', waitingForOrder],
  ]
  const parts = waiting.flatMap(([what, count]) => (count === 0 ? [] : `${amount(count)} ${what}`))
  const facts: Fact[] = [['at a time', `${amount(running)} of ${amount(concurrency)}`]]
  if (parts.length > 0) facts.push(['in the queue', parts.join(', ')])
  if (each.retried > 0) facts.push(['retried', counted(each.retried, 'attempt')])
  if (each.skipped > 0) facts.push(['skipped', counted(each.skipped, 'event')])
  return facts
}

/** A subscription from the side of one of its stages. */
export interface SubscriptionFact {
  readonly tag: string
  /** The id and the label of the stage on the other side. */
  readonly other: string
  readonly label: string
  /** `1,200/s`. */
  readonly flow: string
  /** The open demand, its maximum, and the partition, if there is one. */
  readonly demand: string
}

/** The subscriptions of a stage on one side: as their producer or as their consumer. */
export function subscriptionFacts(
  id: string,
  side: 'producer' | 'consumer',
  subscriptions: readonly SubscriptionSnapshot[],
  labelOf: (id: string) => string,
  flowOf: (tag: string) => number | null,
): readonly SubscriptionFact[] {
  const other = side === 'producer' ? 'consumer' : 'producer'
  return subscriptions
    .filter((subscription) => subscription[side] === id)
    .map((subscription) => ({
      tag: subscription.tag,
      other: subscription[other],
      label: labelOf(subscription[other]),
      flow: `${rate(flowOf(subscription.tag))}/s`,
      demand: demandText(subscription),
    }))
}

function demandText({ pending, maxDemand, mode, partition, queued }: SubscriptionSnapshot): string {
  const parts = [`${amount(pending)}${maxDemand === undefined ? '' : ` of ${amount(maxDemand)}`} asked`]
  if (mode === 'manual') parts.push('manual')
  if (partition !== undefined) parts.push(`partition ${partition}`)
  if (queued !== undefined && queued > 0) parts.push(`${amount(queued)} queued`)
  return parts.join(', ')
}

function stateText({ state, callback, since }: StageSnapshot, time: number): string {
  const inCallback = callback === null ? '' : ` in ${callback}`
  return `${state}${inCallback}${since === null ? '' : ` for ${duration(time - since)}`}`
}
