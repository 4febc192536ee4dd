import {
  type CancelReason,
  consumer,
  consumerSupervisor,
  type ExitReason,
  type From,
  producer,
  producerConsumer,
  type SourceWithOptions,
  type Stage,
  type StageRef,
  type Stop,
  type Subscription,
} from 'genstage'
import { type Actor, type ConsumerPart, Cue, type Part, type ProducerConsumerPart, type ProducerPart } from './actor.ts'
import { emittingOptions, type Source, sourceFor } from './options.ts'
import { FormatError } from './read-scenarios.ts'
import type {
  ConsumerDescription,
  ConsumerSupervisorDescription,
  Consuming,
  Handling,
  ProducerConsumerDescription,
  ProducerDescription,
} from './scenario.ts'
import type { Later } from './timing.ts'
import { reasonFor, wordFor } from './words.ts'

// The stages of FORMAT.md by their type and kind. Each logs what its callbacks see.

/** What a stage is created from: its actor, the timing of its callbacks, and a function that finds others by name. */
export interface Casting {
  readonly actor: Actor
  readonly later: Later
  readonly find: (name: string) => Source
}

/** The stage that plays this actor; it can be started once. */
export function stageFor(casting: Casting): Stage<Part> {
  const { description } = casting.actor
  switch (description.type) {
    case 'producer':
      return producerFor(description, casting)
    case 'producer_consumer':
      return producerConsumerFor(description, casting)
    case 'consumer':
      return consumerFor(description, casting)
    case 'consumer_supervisor':
      return consumerSupervisorFor(description, casting)
    default:
      throw new FormatError(`unknown type of stage ${JSON.stringify(description)}`)
  }
}

function producerFor(description: ProducerDescription, { actor, later }: Casting): Stage<ProducerPart> {
  const next = counterFor(description)
  const endsAtLimit = description.kind === 'finite'
  return producer((stage) => ({
    ...emittingOptions(description),
    ...(description.demand !== undefined && { demand: description.demand }),
    ...logging(actor, later),
    ...emitting(actor, later),
    handleDemand: later((demand: number) => {
      actor.log('demand', demand)
      const { events, isLast } = next(demand)
      if (isLast && endsAtLimit) stage.info('done')
      return events
    }),
    handleSubscribe: later(
      (role: 'consumer', { metadata }: { readonly metadata?: unknown }, { tag }: { tag: string }) => {
        actor.log('subscribed', role, actor.label(tag, metadata))
      },
    ),
    handleInfo: later((message: unknown): readonly number[] | Stop => {
      const events = receive(message, actor, (echo) => stage.info(echo))
      return endsAtLimit && message === 'done' ? { stop: 'normal' } : events
    }),
  }))
}

function producerConsumerFor(
  description: ProducerConsumerDescription,
  { actor, later, find }: Casting,
): Stage<ProducerConsumerPart> {
  const transform = transformFor(description.kind)
  const handle = handling(actor, description)
  return producerConsumer((stage) => ({
    ...emittingOptions(description),
    ...logging(actor, later),
    ...emitting(actor, later),
    onProducerEnd: 'stop',
    subscribeTo: sourcesFor(description, find),
    handleEvents: later((events: readonly number[], from: Subscription): readonly number[] | Stop => {
      return handle(events, from) ?? transform(events)
    }),
    handleSubscribe: later(subscribing(actor, description)),
    handleInfo: later((message: unknown) => receive(message, actor, (echo) => stage.info(echo))),
  }))
}

function consumerFor(description: ConsumerDescription, { actor, later, find }: Casting): Stage<ConsumerPart> {
  return consumer((stage) => ({
    ...logging(actor, later),
    // A consumer emits nothing when it is requested to; the caller has its reply.
    handleCall: {
      emit: later((_events: readonly number[]) => ({ reply: 'ok' as const })),
      early: later((_events: readonly number[]) => ({ reply: 'ok' as const })),
    },
    handleCast: { emit: later((_events: readonly number[]) => {}) },
    subscribeTo: sourcesFor(description, find),
    handleEvents: later(handling(actor, description)),
    handleSubscribe: later(subscribing(actor, description)),
    handleInfo: later((message: unknown) => {
      receive(message, actor, (echo) => stage.info(echo))
    }),
  }))
}

function consumerSupervisorFor(description: ConsumerSupervisorDescription, { actor, later, find }: Casting) {
  const { restart, max_restarts, refuse = [], ignore = [] } = description
  return consumerSupervisor<number>({
    ...(restart !== undefined && { restart }),
    maxRestarts: max_restarts ?? 3,
    maxSeconds: 600,
    subscribeTo: sourcesFor(description, find),
    start: (event) => {
      const outcome = refuse.includes(event) ? 'refused' : ignore.includes(event) ? 'ignored' : 'started'
      actor.log(`child_${outcome}`, event)
      return consumer<number>(
        later((child: { readonly self: StageRef }) => {
          if (outcome === 'refused') return { stop: 'refused' }
          if (outcome === 'ignored') return 'ignore'
          actor.children.push({ event, ref: child.self })
          return {
            handleEvents: () => {},
            handleInfo: later((message: unknown) => {
              if (message instanceof Cue && message.act === 'exit') return { stop: message.body }
              return undefined
            }),
          }
        }),
      )
    },
  })
}

function sourcesFor({ subscribe_to = [] }: Consuming, find: (name: string) => Source): SourceWithOptions<number>[] {
  return subscribe_to.map((source) => sourceFor(source, find))
}

/** The callbacks that only log, alike for all stages. */
function logging(actor: Actor, later: Later) {
  return {
    handleCancel: later((reason: CancelReason, { tag }: { readonly tag: string }): undefined => {
      const [kind, why] = 'cancel' in reason ? ['cancel', reason.cancel] : ['down', reason.down]
      actor.log('cancelled', kind, wordFor(why), actor.labelOf(tag))
    }),
    terminate: later((reason: ExitReason) => actor.log('terminate', wordFor(reason))),
  }
}

/** What only stages that emit have: the calls and casts that make them emit, and the report of discarded events. */
function emitting(actor: Actor, later: Later) {
  return {
    formatDiscarded: (count: number) => {
      actor.log('discarded', count)
      return false
    },
    handleCall: {
      emit: later((events: readonly number[]) => ({ reply: 'ok' as const, events })),
      early: later((events: readonly number[], from: From<'ok'>) => {
        from.reply('ok')
        return { events }
      }),
    },
    handleCast: { emit: later((events: readonly number[]) => events) },
  }
}

/** Handles a message: follows a cue of the driver, or logs it. Returns the events to emit. */
function receive(message: unknown, actor: Actor, info: (message: unknown) => void): readonly number[] {
  if (!(message instanceof Cue)) {
    actor.log('info', message)
    return []
  }
  switch (message.act) {
    case 'emit':
      return message.body as readonly number[]
    case 'info':
      info(message.body)
      return []
    case 'crash':
      throw new Error('boom')
    default:
      throw new FormatError(`${actor.name} cannot follow the cue ${message.act}`)
  }
}

/** A consumer's half of `handleSubscribe`, and the producer's where the stage has both. */
function subscribing(actor: Actor, { manual }: Handling) {
  return (role: 'producer' | 'consumer', { metadata }: { readonly metadata?: unknown }, from: Subscription) => {
    const label = actor.label(from.tag, metadata)
    actor.log('subscribed', role, label)
    if (role === 'consumer') return undefined
    actor.subscriptions.set(label, from)
    return manual ? 'manual' : 'automatic'
  }
}

/** Logs events, and stops or throws as the file specifies. */
function handling(actor: Actor, { crash_on, stop_after = Infinity, stop_reason = 'normal' }: Handling) {
  let seen = 0
  return (events: readonly number[], { tag }: Subscription): Stop | undefined => {
    actor.log('events', actor.labelOf(tag), [...events])
    seen += events.length
    if (crash_on !== undefined && events.includes(crash_on)) throw new Error('boom')
    return seen >= stop_after ? { stop: reasonFor(stop_reason) } : undefined
  }
}

/** The events of a producer of this kind for some demand; `isLast` in the call in which it reaches its limit. */
function counterFor(description: ProducerDescription) {
  const { from = 0, limit = Infinity } = description
  let next = from
  let isDone = false
  return (demand: number): { events: readonly number[]; isLast: boolean } => {
    const first = next
    next = Math.max(first, Math.min(first + appetiteFor(description, demand), limit))
    const isLast = !isDone && next >= limit
    isDone ||= isLast
    return { events: Array.from({ length: next - first }, (_, index) => first + index), isLast }
  }
}

function appetiteFor({ kind, size = 0 }: ProducerDescription, demand: number): number {
  switch (kind) {
    case 'counter':
    case 'finite':
      return demand
    case 'burst':
      return size
    case 'half':
      return Math.floor((demand + 1) / 2)
    case 'lazy':
      return 0
    default:
      throw new FormatError(`unknown kind of producer ${JSON.stringify(kind)}`)
  }
}

function transformFor(kind: ProducerConsumerDescription['kind']): (events: readonly number[]) => readonly number[] {
  switch (kind) {
    case 'map':
      return (events) => events.map((event) => event * 10)
    case 'dup':
      // 0 - event, not -event: of 0 that would make -0.
      return (events) => events.flatMap((event) => [event, 0 - event])
    case 'even':
      return (events) => events.filter((event) => event % 2 === 0)
    case 'drop':
      return () => []
    case 'same':
      return (events) => events
    default:
      throw new FormatError(`unknown kind of producer_consumer ${JSON.stringify(kind)}`)
  }
}
