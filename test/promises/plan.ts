import fc from 'fast-check'
import type { CancelMode } from 'genstage'

// A test pipeline as plain data, so that one that fails can be printed, reduced and run again.

/** When callbacks return: immediately, after a microtask, after a turn of the event loop, or each in turn. */
export type Timing = 'sync' | 'microtask' | 'macrotask' | 'mixed'

/** How a stage emits. */
export interface EmittingPlan {
  readonly dispatcher: 'demand' | 'broadcast' | 'partition'
  readonly bufferSize: number
  readonly bufferKeep: 'first' | 'last'
  /** Whether its dispatcher does not state its demand, as custom ones may. */
  readonly isCustom: boolean
  /** Whether it has a `formatDiscarded`, and what that returns. */
  readonly reportsDiscarded: 'no' | 'and-logs' | 'and-hides'
}

/** A subscription to the stage `to` of the layer above, counted around. */
export interface SubscriptionPlan {
  readonly to: number
  readonly maxDemand: number
  /** `minDemand`, as far as it fits under `maxDemand`. */
  readonly minDemand: number
  readonly cancel: CancelMode
  readonly isManual: boolean
  /** Whether it wants only some events, where the producer broadcasts. */
  readonly isPicky: boolean
}

export interface SourcePlan extends EmittingPlan {
  readonly kind: 'producer'
  readonly timing: Timing
  /** How many events there are to be had. */
  readonly supply: number
  /** How many events it returns, compared with its demand. */
  readonly generosity: 'exact' | 'less' | 'more'
  readonly mode: 'forward' | 'accumulate'
  /** What it does when the supply is used up: nothing, stop at once, or stop when its buffer is empty. */
  readonly end: 'stay' | 'stop' | 'finish'
}

export interface RelayPlan extends EmittingPlan {
  readonly kind: 'producer-consumer'
  readonly timing: Timing
  readonly sources: readonly SubscriptionPlan[]
  /** How many events it makes of one. */
  readonly factor: number
  readonly onProducerEnd: 'drain' | 'stop'
}

export interface SinkPlan {
  readonly kind: 'consumer'
  readonly timing: Timing
  readonly sources: readonly SubscriptionPlan[]
}

export type StagePlan = SourcePlan | RelayPlan | SinkPlan

/** Something that happens to a pipeline while it runs. */
export interface Incident {
  /** After how many callbacks, all in all. */
  readonly at: number
  /** The stage that it happens to, or whose subscription it is about: counted around among those that it can be. */
  readonly on: number
  readonly what: What
  /** A number of events, or another number that the step needs. */
  readonly amount: number
}

/**
 * What can happen. The last three are faults that the runtime injects between two turns, so many steps later: a kill, a
 * crash, and that the stage is passed over for a while.
 */
export type What =
  | 'kill'
  | 'crash'
  | 'exit'
  | 'stop'
  | 'cancel'
  | 'resubscribe'
  | 'subscribe'
  | 'burst'
  | 'ask'
  | 'accumulate'
  | 'forward'
  | 'info'
  | 'count'
  | 'strike'
  | 'topple'
  | 'delay'

/** A pipeline, layer by layer from its producers to its consumers, and what happens to it. */
export interface PipelinePlan {
  /** The seed of the schedule. */
  readonly schedule: number
  readonly layers: readonly (readonly StagePlan[])[]
  readonly incidents: readonly Incident[]
}

/** What pipelines are to be made up. */
export interface Taste {
  /** What may happen to them. Default: everything. */
  readonly incidents?: readonly What[]
  readonly mostIncidents?: number
  readonly dispatchers?: readonly EmittingPlan['dispatcher'][]
  readonly cancels?: readonly SubscriptionPlan['cancel'][]
  readonly mostLayers?: number
  /** Whether some consumers ask by hand. Default: yes. */
  readonly manual?: boolean
}

const everything: readonly What[] = [
  'kill',
  'crash',
  'exit',
  'stop',
  'cancel',
  'resubscribe',
  'subscribe',
  'burst',
  'ask',
  'accumulate',
  'forward',
  'info',
  'count',
  'strike',
  'topple',
  'delay',
]

export const timings: fc.Arbitrary<Timing> = fc.constantFrom('sync', 'sync', 'microtask', 'mixed', 'macrotask')

/** A seed for a schedule; smaller ones are no simpler. */
export const schedules: fc.Arbitrary<number> = fc.noShrink(fc.integer({ min: 1, max: 2 ** 31 - 1 }))

function emitting(taste: Taste): fc.Arbitrary<EmittingPlan> {
  return fc.record({
    dispatcher: fc.constantFrom(...(taste.dispatchers ?? (['demand', 'demand', 'broadcast', 'partition'] as const))),
    isCustom: fc.constantFrom(false, false, false, true),
    bufferSize: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(10_000)),
    bufferKeep: fc.constantFrom('first', 'last'),
    reportsDiscarded: fc.constantFrom('no', 'and-logs', 'and-hides'),
  })
}

function subscription(taste: Taste): fc.Arbitrary<SubscriptionPlan> {
  return fc.record({
    to: fc.nat(2),
    maxDemand: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 20, max: 60 })),
    minDemand: fc.nat(30),
    cancel: fc.constantFrom(...(taste.cancels ?? (['with-last', 'permanent', 'transient', 'temporary'] as const))),
    isManual: taste.manual === false ? fc.constant(false) : fc.constantFrom(false, false, false, true),
    isPicky: fc.constantFrom(false, false, true),
  })
}

function sources(taste: Taste): fc.Arbitrary<readonly SubscriptionPlan[]> {
  return fc.array(subscription(taste), { minLength: 1, maxLength: 2 })
}

function source(taste: Taste): fc.Arbitrary<SourcePlan> {
  return fc
    .tuple(
      emitting(taste),
      fc.record({
        kind: fc.constant('producer' as const),
        timing: timings,
        supply: fc.nat(150),
        generosity: fc.constantFrom('exact' as const, 'exact' as const, 'less' as const, 'more' as const),
        mode: fc.constantFrom('forward' as const, 'forward' as const, 'accumulate' as const),
        end: fc.constantFrom('stay' as const, 'stop' as const, 'finish' as const),
      }),
    )
    .map(([how, what]) => ({ ...how, ...what }))
}

function relay(taste: Taste): fc.Arbitrary<RelayPlan> {
  return fc
    .tuple(
      emitting(taste),
      fc.record({
        kind: fc.constant('producer-consumer' as const),
        timing: timings,
        sources: sources(taste),
        factor: fc.constantFrom(1, 0, 2, 3),
        onProducerEnd: fc.constantFrom('drain' as const, 'drain' as const, 'stop' as const),
      }),
    )
    .map(([how, what]) => ({ ...how, ...what }))
}

function sink(taste: Taste): fc.Arbitrary<SinkPlan> {
  return fc.record({ kind: fc.constant('consumer' as const), timing: timings, sources: sources(taste) })
}

/** Makes up pipelines: chains, fans in and out, diamonds, and what lies between. */
export function pipelines(taste: Taste = {}): fc.Arbitrary<PipelinePlan> {
  const layer = <Plan>(stage: fc.Arbitrary<Plan>): fc.Arbitrary<Plan[]> =>
    fc.array(stage, { minLength: 1, maxLength: 3 })
  return fc
    .record({
      schedule: schedules,
      producers: layer(source(taste)),
      relays: fc.array(layer(relay(taste)), { maxLength: taste.mostLayers ?? 3 }),
      consumers: layer(sink(taste)),
      incidents: incidents(taste),
    })
    .map(({ schedule, producers, relays, consumers, incidents: all }) => ({
      schedule,
      layers: [producers, ...relays, consumers],
      incidents: all,
    }))
}

function incidents(taste: Taste): fc.Arbitrary<Incident[]> {
  const kinds = taste.incidents ?? everything
  if (kinds.length === 0) return fc.constant([])
  return fc.array(
    fc.record({
      at: fc.oneof(fc.nat(40), fc.nat(400)),
      on: fc.nat(11),
      what: fc.constantFrom(...kinds),
      amount: fc.nat(20),
    }),
    { maxLength: taste.mostIncidents ?? 8 },
  )
}
