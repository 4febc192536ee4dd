import { eventCount } from '../../base/event-count.ts'
import { quote } from '../../base/quote.ts'
import type { Inspection, ProducingInspection, SubscriberInspection } from '../../telemetry/inspection.ts'
import type { ProcessRecord } from '../process-record.ts'

/** The most stages that are named. */
const MOST = 10

/** What is usually missing in a consumer that subscribes in manual mode. */
const ASK = 'in manual mode a consumer calls ask on its subscription'

/** A process that is running, and its inspection. */
interface WaitingProcess {
  readonly process: ProcessRecord
  readonly inspection: Inspection
}

/** Why a process waits, in words, and whether that is certainly a mistake. */
interface WaitingReason {
  readonly isMistake: boolean
  readonly text: string
}

/**
 * Describes what stages wait for when a program has nothing left to do: one line for each stage, or no lines.
 *
 * An idle stage is not a mistake, and is reported only if something is known to wait for it. It is a mistake if a stage
 * holds events or calls that nothing will ever take, or lacks a connection that it needs.
 *
 * @param isAwaiting Whether the program waits for a promise that can no longer settle. Then every waiting stage is
 *   reported.
 */
export function describeWaiting(processes: Iterable<ProcessRecord>, isAwaiting: boolean): readonly string[] {
  const entries = new Map<string, WaitingProcess>()
  for (const process of processes) entries.set(process.id, { process, inspection: inspectionOf(process) })
  const findings = new Findings(entries).all().filter(({ isMistake }) => isMistake || isAwaiting)
  if (findings.length === 0) return []
  const lines = findings
    .toSorted((one, other) => Number(other.isMistake) - Number(one.isMistake))
    .map(({ text }) => `  ${text}`)
  const rest = lines.length - MOST
  const pending = isAwaiting ? ', and a top-level await is pending' : ''
  return [
    `genstage: nothing is left to do${pending}. These stages still wait:`,
    ...lines.slice(0, MOST),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]
}

/** This may call a custom dispatcher. If that throws at the end of a program, the error is ignored. */
function inspectionOf({ behaviour }: ProcessRecord): Inspection {
  try {
    return behaviour.inspect()
  } catch {
    return { isBlocked: false }
  }
}

/** Finds out what the stages of a program wait for. */
class Findings {
  private readonly entries: ReadonlyMap<string, WaitingProcess>
  private readonly found = new Map<string, WaitingReason>()
  /** Whether a producer never had a subscriber: then a consumer without a subscription is a mistake, too. */
  private readonly isProducerUnused: boolean

  constructor(entries: ReadonlyMap<string, WaitingProcess>) {
    this.entries = entries
    this.isProducerUnused = [...entries.values()].some(isUnusedProducer)
  }

  /** At most one finding for each process, in the order of their start. */
  all(): readonly WaitingReason[] {
    for (const [id, entry] of this.entries) {
      const finding = this.ofPending(entry) ?? this.ofProducing(entry) ?? this.ofConsuming(entry)
      if (finding !== undefined) this.found.set(id, finding)
    }
    // Only once all mistakes are known: a stage that waits for one of them is not reported in addition.
    for (const [id, entry] of this.entries) {
      if (this.found.has(id) || this.isExplained(id, new Set())) continue
      this.found.set(id, { isMistake: false, text: this.describeIdle(entry) })
    }
    const idle = [...this.entries].filter(([, { process }]) => !isSupervisor(process))
    return idle.flatMap(([id]) => this.found.get(id) ?? [])
  }

  /** Pending callbacks, and calls without a reply: nothing is left that could settle them. */
  private ofPending({ process, inspection }: WaitingProcess): WaitingReason | undefined {
    const { label, status, callback = 'a callback', incomingCalls } = process
    if (isSupervisor(process)) return undefined
    if (process.isParked) {
      const never = 'nothing is left that could settle it'
      if (status === 'starting') return mistake(`${label} is still being set up: its promise is pending, and ${never}`)
      const { handling = 0, mailbox = 0 } = inspection.consuming ?? {}
      const events = handling + mailbox
      const held = events > 0 ? ` with ${eventCount(events)}` : ''
      const text = `${label} is in ${callback}${held}: the promise that it returned is pending, and ${never}`
      const isMistake = events > 0 || status === 'terminating' || (incomingCalls?.size ?? 0) > 0
      return { isMistake, text }
    }
    const running = inspection.consuming?.each?.running ?? 0
    if (running > 0) {
      const [promises, it] =
        running === 1 ? ['a promise is pending', 'it'] : [`${running} promises are pending`, 'them']
      const events = eventCount(running)
      return mistake(
        `${label} is in handleEvent with ${events}: ${promises}, and nothing is left that could settle ${it}`,
      )
    }
    for (const call of incomingCalls ?? []) return mistake(`${call.operation} has received no reply`)
    return undefined
  }

  private ofProducing({
    process,
    inspection: { producing, consuming, isBlocked },
  }: WaitingProcess): WaitingReason | undefined {
    if (producing === undefined) return undefined
    const { label } = process
    const { dispatcher, demandMode, pending, accumulated, subscribers } = producing
    if (demandMode === 'accumulate' && subscribers.length > 0 && pending + accumulated > 0) {
      return mistake(`${label} holds its demand back: call demand('forward') once all its consumers have subscribed`)
    }
    const unserved = dispatcher.partitions?.find(({ subscriber, queued }) => subscriber === null && queued > 0)
    if (unserved !== undefined) {
      const partition = quote(unserved.partition)
      return mistake(
        `partition ${partition} of ${label} holds ${eventCount(unserved.queued)} and has no subscriber: subscribe a ` +
          `consumer with { partition: ${partition} }`,
      )
    }
    const held = producing.buffer.events + dispatcher.queued + (isBlocked ? (consuming?.inbound ?? 0) : 0)
    if (held === 0) return undefined
    if (subscribers.length === 0) {
      const text = `${label} holds ${eventCount(held)} and has no subscriber: subscribe a consumer to it`
      return { isMistake: producing.sent === 0, text }
    }
    return this.ofUnasked(label, held, producing)
  }

  /** Events that a subscriber in manual mode does not ask for. A subscriber that is blocked itself is reported itself. */
  private ofUnasked(
    label: string,
    held: number,
    { sent, subscribers }: ProducingInspection,
  ): WaitingReason | undefined {
    const names = subscribers.filter((each) => this.isManual(each)).map(({ consumer }) => this.labelOf(consumer))
    if (names.length === 0) return undefined
    const text = `${label} holds ${eventCount(held)} that ${names.join(', ')} does not ask for: ${ASK}`
    return { isMistake: sent === 0, text }
  }

  /** Whether a subscriber asks in manual mode, and has not asked. */
  private isManual({ tag, consumer, pending }: SubscriberInspection): boolean {
    const { subscriptions = [] } = this.entries.get(consumer)?.inspection.consuming ?? {}
    return pending === 0 && subscriptions.some((each) => each.tag === tag && each.mode === 'manual')
  }

  private ofConsuming({ process, inspection: { producing, consuming } }: WaitingProcess): WaitingReason | undefined {
    if (consuming === undefined || consuming.subscriptions.length > 0) return undefined
    const { label, messagesBegun } = process
    const advice = 'subscribe it to a producer, with subscribe or with subscribeTo'
    const waiting = (producing?.subscribers ?? []).filter(({ pending }) => pending > 0)
    if (waiting.length > 0) {
      const names = waiting.map(({ consumer }) => this.labelOf(consumer)).join(', ')
      const text = `${label} has no subscription, and ${names} waits for its events: ${advice}`
      return { isMistake: consuming.handled === 0, text }
    }
    const isUnused = messagesBegun === 0 && this.isProducerUnused
    return { isMistake: isUnused, text: `${label} has no subscription: ${advice}` }
  }

  private describeIdle({ process, inspection: { producing, consuming } }: WaitingProcess): string {
    const { label } = process
    const producers = (consuming?.subscriptions ?? []).map(({ producer }) => this.labelOf(producer)).join(', ')
    if (producers !== '') return `${label} waits for events from ${producers}`
    if (producing === undefined) return `${label} waits for messages`
    if (producing.subscribers.length === 0) return `${label} has no subscriber`
    if (producing.pending === 0) {
      const names = producing.subscribers.map(({ consumer }) => this.labelOf(consumer)).join(', ')
      const hint = producing.subscribers.some((each) => this.isManual(each)) ? `: ${ASK}` : ''
      return `${label} has not been asked for events by ${names}${hint}`
    }
    return `${label} was asked for ${producing.pending} events that it has not emitted`
  }

  /** Whether a stage waits, for events or for demand, for another one that is reported, or will be as the source. */
  private isExplained(id: string, visited: Set<string>): boolean {
    visited.add(id)
    const { consuming, producing } = this.entries.get(id)?.inspection ?? {}
    const { subscriptions = [] } = consuming ?? {}
    const isFed = subscriptions.some(({ producer }) => {
      if (visited.has(producer)) return false
      const isSource = (this.entries.get(producer)?.inspection.consuming?.subscriptions.length ?? 0) === 0
      return this.found.has(producer) || isSource || this.isExplained(producer, visited)
    })
    if (isFed || producing === undefined || producing.pending > 0) return isFed
    return producing.subscribers.some(({ consumer }) => this.isBlocked(consumer, visited))
  }

  /** Whether a stage is reported, or blocked by a stage downstream that is. */
  private isBlocked(id: string, visited: Set<string>): boolean {
    if (this.found.has(id)) return true
    if (visited.has(id)) return false
    visited.add(id)
    const { producing } = this.entries.get(id)?.inspection ?? {}
    if (producing === undefined || producing.pending > 0) return false
    return producing.subscribers.some(({ consumer }) => this.isBlocked(consumer, visited))
  }

  private labelOf(id: string): string {
    return this.entries.get(id)?.process.label ?? `process ${id}`
  }
}

function isSupervisor({ kind }: ProcessRecord): boolean {
  return kind === 'supervisor'
}

/** A producer that has never had a subscriber or received a message. */
function isUnusedProducer({ process, inspection: { producing, consuming } }: WaitingProcess): boolean {
  return producing !== undefined && consuming === undefined && process.messagesBegun === 0
}

function mistake(text: string): WaitingReason {
  return { isMistake: true, text }
}
