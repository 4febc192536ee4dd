import { quote } from '../../base/quote.ts'
import type { Delivery, DispatchResult, DemandResult } from '../../dispatcher/dispatcher.ts'
import { ContractViolation } from './contract-violation.ts'

/** An answer to `ask` or `cancel` with nothing left out. */
export type FullServed = Required<Omit<DemandResult, 'warning'>>

/** Reads what `subscribe` answered: the demand, or undefined for a refusal. */
export function readSubscribed(answer: unknown): number | undefined {
  if (typeof answer === 'object' && answer !== null && 'refuse' in answer) {
    if (typeof answer.refuse === 'string') return undefined
    throw new ContractViolation('form', `it refused a subscription with ${quote(answer.refuse)}, which is no string`)
  }
  return readDemand(answer, 'subscribe')
}

/** Reads what `ask` or `cancel` answered. */
export function readServed(answer: unknown, from: string): FullServed {
  const nothing = { deliveries: [], infos: [], discarded: 0 }
  if (typeof answer === 'number') return { ...nothing, demand: readDemand(answer, from) }
  const record = readRecord(answer, from, 'a number or { demand, … }')
  const { deliveries = [], infos = [], discarded = 0, warning = '' } = record
  if (!Array.isArray(infos)) throw wrong(from, 'an array of infos', infos)
  if (!isCount(discarded)) throw wrong(from, 'a discarded that is an integer of at least 0', discarded)
  if (typeof warning !== 'string') throw wrong(from, 'a warning that is a string', warning)
  return { demand: readDemand(record.demand, from), deliveries: readDeliveries(deliveries, from), infos, discarded }
}

/** Reads what `dispatch` answered. */
export function readDispatched(answer: unknown): Required<DispatchResult> {
  const {
    deliveries,
    leftover,
    unwanted = [],
    filtered = 0,
  } = readRecord(answer, 'dispatch', '{ deliveries, leftover }')
  if (!Array.isArray(leftover)) throw wrong('dispatch', 'a leftover that is an array', leftover)
  const isUnwanted = Array.isArray(unwanted) && unwanted.every((each) => Array.isArray(each) && isCount(each[1]))
  if (!isUnwanted) throw wrong('dispatch', 'an unwanted that is an array of [subscriber, count]', unwanted)
  if (!isCount(filtered)) throw wrong('dispatch', 'a filtered that is an integer of at least 0', filtered)
  return {
    deliveries: readDeliveries(deliveries, 'dispatch'),
    leftover,
    filtered,
    returnedDemand: unwanted as Required<DispatchResult>['returnedDemand'],
  }
}

/** Whether a value counts something: an integer of at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function readRecord(answer: unknown, from: string, expected: string): Readonly<Record<string, unknown>> {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) {
    return answer as Readonly<Record<string, unknown>>
  }
  throw wrong(from, expected, answer)
}

function readDemand(demand: unknown, from: string): number {
  if (isCount(demand)) return demand
  throw new ContractViolation('demand', `${from} answered a demand of ${quote(demand)}`)
}

function readDeliveries(deliveries: unknown, from: string): readonly Delivery[] {
  if (!Array.isArray(deliveries)) throw wrong(from, 'an array of deliveries', deliveries)
  for (const delivery of deliveries as readonly unknown[]) {
    const events: unknown = Array.isArray(delivery) ? delivery[1] : undefined
    if (!Array.isArray(events) || events.length === 0) {
      throw wrong(from, 'deliveries of [subscriber, events] with at least one event', delivery)
    }
  }
  return deliveries as readonly Delivery[]
}

function wrong(from: string, expected: string, got: unknown): ContractViolation {
  return new ContractViolation('form', `${from} answered ${quote(got)} where ${expected} was expected`)
}
