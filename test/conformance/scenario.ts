// The types of FORMAT.md, in its own (snake_case) words. What reads a file is in read-scenarios.ts.

/** One recorded scenario: its stages, its steps, and their results on the real GenStage. */
export interface Scenario {
  readonly name: string
  readonly category: string
  /** `any`: the record holds under every schedule. `fifo`: under one first-in-first-out run queue. */
  readonly schedule: 'any' | 'fifo'
  /** The stages in the order in which they are started. */
  readonly order: readonly string[]
  readonly stages: Readonly<Record<string, StageDescription>>
  readonly steps: readonly Step[]
  readonly expect: { readonly log: Log }
}

/** One line of a stage's log, in FORMAT's words. */
export type Entry = readonly unknown[]

/** What each stage logged, in its own order; stages that logged nothing are left out. */
export type Log = Readonly<Record<string, readonly Entry[]>>

export type StageDescription =
  | ProducerDescription
  | ProducerConsumerDescription
  | ConsumerDescription
  | ConsumerSupervisorDescription

interface Startable {
  /** Started by a `start` step, not with the others. */
  readonly late?: boolean
}

export interface Emitting {
  readonly buffer_size?: number | 'infinity'
  readonly buffer_keep?: 'first' | 'last'
  readonly dispatcher?: DispatcherDescription
}

export interface Consuming {
  readonly subscribe_to?: readonly SourceDescription[]
}

/** What a stage may do with the events that it handles. */
export interface Handling {
  readonly manual?: boolean
  readonly crash_on?: number
  readonly stop_after?: number
  readonly stop_reason?: string
}

export interface ProducerDescription extends Startable, Emitting {
  readonly type: 'producer'
  readonly kind: 'counter' | 'burst' | 'half' | 'lazy' | 'finite'
  readonly from?: number
  readonly limit?: number
  readonly size?: number
  readonly demand?: 'forward' | 'accumulate'
}

export interface ProducerConsumerDescription extends Startable, Emitting, Consuming, Handling {
  readonly type: 'producer_consumer'
  readonly kind: 'map' | 'dup' | 'even' | 'drop' | 'same'
}

export interface ConsumerDescription extends Startable, Consuming, Handling {
  readonly type: 'consumer'
}

export interface ConsumerSupervisorDescription extends Startable, Consuming {
  readonly type: 'consumer_supervisor'
  readonly restart?: 'temporary' | 'transient'
  readonly max_restarts?: number
  /** Events for which the child's start function returns an error. */
  readonly refuse?: readonly number[]
  /** Events for which it returns ignore. */
  readonly ignore?: readonly number[]
}

export type DispatcherDescription =
  | { readonly type: 'demand'; readonly max_demand?: number }
  | { readonly type: 'broadcast' }
  | {
      readonly type: 'partition'
      readonly partitions: number | readonly string[]
      readonly hash: 'mod' | 'mod_none' | 'first' | 'parity' | 'map'
    }

/** A producer's name, and the options to subscribe to it with. */
export type SourceDescription = readonly [stage: string, options: SubscriptionDescription]

export interface SubscriptionDescription {
  readonly label?: string
  readonly cancel?: 'permanent' | 'transient' | 'temporary'
  readonly max_demand?: number
  readonly min_demand?: number
  readonly partition?: string | number
  readonly selector?: 'even' | 'odd' | 'gt10' | 'never'
}

/** What the driver does, and what is expected to come of it. */
export type Step = Action & { readonly expect: { readonly log: Log; readonly result?: unknown } }

export type Action =
  | { readonly op: 'start' | 'demand_mode' | 'buffered' | 'crash' | 'kill' | 'count_children'; readonly stage: string }
  | SubscribeAction
  | ResubscribeAction
  | EmitAction
  | InfoAction
  | { readonly op: 'ask'; readonly consumer: string; readonly label: string; readonly n: number }
  | { readonly op: 'cancel'; readonly consumer: string; readonly label: string; readonly reason: string }
  | { readonly op: 'demand'; readonly stage: string; readonly mode: 'forward' | 'accumulate' }
  | { readonly op: 'stop'; readonly stage: string; readonly reason: string }
  | { readonly op: 'child_exit'; readonly stage: string; readonly event: number; readonly reason: string }
  | { readonly op: 'start_child' | 'terminate_child'; readonly stage: string; readonly event: number }
  | TakeAction

export interface SubscribeAction {
  readonly op: 'subscribe'
  readonly consumer: string
  readonly to: string
  readonly opts: SubscriptionDescription
  /** The driver does not wait for the result. */
  readonly async?: boolean
}

export interface ResubscribeAction {
  readonly op: 'resubscribe'
  readonly consumer: string
  readonly label: string
  readonly reason: string
  readonly to: string
  readonly opts: SubscriptionDescription
}

export interface EmitAction {
  readonly op: 'emit'
  readonly stage: string
  readonly via: 'cast' | 'info' | 'call' | 'early'
  readonly events: readonly number[]
}

export interface InfoAction {
  readonly op: 'info'
  readonly stage: string
  readonly via: 'sync' | 'async' | 'self' | 'plain'
  readonly msg: unknown
}

export interface TakeAction {
  readonly op: 'take'
  readonly from: readonly SourceDescription[]
  readonly n: number
}
