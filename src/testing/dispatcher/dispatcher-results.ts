import { quote } from '../../base/quote.ts'
import type { Delivery, DemandResult, DispatchResult } from '../../dispatcher/dispatcher.ts'
import { ContractViolation } from './contract-violation.ts'

/** A result of `ask` or `cancel` with nothing left out. */
export type CompleteDemandResult = Required<Omit<DemandResult, 'warning'>>

/** Reads what `subscribe` returned: the demand, or undefined for a refusal. */
export function readSubscribed(result: unknown): number | undefined {
  if (typeof result === 'object' && result !== null && 'refuse' in result) {
    if (typeof result.refuse === 'string') return undefined
    throw new ContractViolation('form', `it refused a subscription with ${quote(result.refuse)}, which is no string`)
  }
  return readDemand(result, 'subscribe')
}

/** Reads what `ask` or `cancel` returned. */
export function readDemandResult(result: unknown, from: string): CompleteDemandResult {
  if (typeof result === 'number') return { deliveries: [], infos: [], discarded: 0, demand: readDemand(result, from) }
  const record = readRecord(result, from, 'a number or { demand, … }')
  const { deliveries = [], infos = [], discarded = 0, warning = '' } = record
  if (!Array.isArray(infos)) throw wrong(from, 'an array of infos', infos)
  if (!isCount(discarded)) throw wrong(from, 'a discarded that is an integer of at least 0', discarded)
  if (typeof warning !== 'string') throw wrong(from, 'a warning that is a string', warning)
  return { demand: readDemand(record.demand, from), deliveries: readDeliveries(deliveries, from), infos, discarded }
}

/** Reads what `dispatch` returned. */
export function readDispatched(result: unknown): Required<DispatchResult> {
  const {
    deliveries,
    leftover,
    returnedDemand = [],
    filtered = 0,
  } = readRecord(result, 'dispatch', '{ deliveries, leftover }')
  if (!Array.isArray(leftover)) throw wrong('dispatch', 'a leftover that is an array', leftover)
  const isValid =
    Array.isArray(returnedDemand) && returnedDemand.every((each) => Array.isArray(each) && isCount(each[1]))
  if (!isValid) throw wrong('dispatch', 'returnedDemand that is an array of [subscriber, count]', returnedDemand)
  if (!isCount(filtered)) throw wrong('dispatch', 'a filtered that is an integer of at least 0', filtered)
  return {
    deliveries: readDeliveries(deliveries, 'dispatch'),
    leftover,
    filtered,
    returnedDemand: returnedDemand as Required<DispatchResult>['returnedDemand'],
  }
}

/** Whether a value counts something: an integer of at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function readRecord(result: unknown, from: string, expected: string): Readonly<Record<string, unknown>> {
  if (typeof result === 'object' && result !== null && !Array.isArray(result)) {
    return result as Readonly<Record<string, unknown>>
  }
  throw wrong(from, expected, result)
}

function readDemand(demand: unknown, from: string): number {
  if (isCount(demand)) return demand
  throw new ContractViolation('demand', `${from} returned a demand of ${quote(demand)}`)
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
  return new ContractViolation('form', `${from} returned ${quote(got)} where ${expected} was expected`)
}
