import type {
  AcceptsOptions,
  Callable,
  Castable,
  ConsumerRef,
  ConsumerSupervisorRef,
  ExitReason,
  ProducerConsumerRef,
  ProducerRef,
  StageRef,
  Subscription,
} from 'genstage'
import type { Routing } from './options.ts'
import type { Entry, StageDescription } from './scenario.ts'
import { wordFor } from './words.ts'

/** The calls and casts that make a stage emit. */
export type EmitCalls = { emit(events: readonly number[]): 'ok'; early(events: readonly number[]): 'ok' }
export type EmitCasts = { emit(events: readonly number[]): void }
type TakesCues = Callable<EmitCalls> & Castable<EmitCasts>

export type ProducerPart = ProducerRef<number> & AcceptsOptions<Routing> & TakesCues
export type ProducerConsumerPart = ProducerConsumerRef<number, number> & AcceptsOptions<Routing> & TakesCues
export type ConsumerPart = ConsumerRef<number> & TakesCues
export type SupervisorPart = ConsumerSupervisorRef<number>
export type Part = ProducerPart | ProducerConsumerPart | ConsumerPart | SupervisorPart

/** An instruction from the driver, as an ordinary message. */
export class Cue {
  readonly act: 'emit' | 'info' | 'crash' | 'exit'
  readonly body: unknown

  constructor(act: Cue['act'], body?: unknown) {
    this.act = act
    this.body = body
  }
}

/** One stage of a scenario: its description, its log, and its reference. */
export class Actor {
  readonly name: string
  readonly description: StageDescription
  /** Undefined until it has been started, and for good where that failed. */
  part: Part | undefined
  /** Its exit reason in FORMAT's words; undefined while it lives. */
  exit: string | undefined
  /** As a consumer: the latest subscription that carried each label. */
  readonly subscriptions: Map<string, Subscription> = new Map()
  /** As a consumer supervisor: its children, in the order in which they started. */
  readonly children: { readonly event: number; readonly ref: StageRef }[] = []
  /** The labels of its subscriptions, on either side, by their tags. */
  readonly #labels: Map<string, string> = new Map()
  #journal: Entry[] = []

  constructor(name: string, description: StageDescription) {
    this.name = name
    this.description = description
  }

  get isAlive(): boolean {
    return this.part !== undefined && this.exit === undefined
  }

  log(...entry: Entry): void {
    this.#journal.push(entry)
  }

  /** What it logged since it was last asked. */
  takeJournal(): readonly Entry[] {
    const journal = this.#journal
    this.#journal = []
    return journal
  }

  /** Remembers the label of a subscription, and returns it. */
  label(tag: string, metadata: unknown): string {
    if (typeof metadata === 'string') this.#labels.set(tag, metadata)
    return this.labelOf(tag)
  }

  labelOf(tag: string): string {
    return this.#labels.get(tag) ?? '?'
  }

  /** Takes its place on stage: from now on its end is watched. */
  enter(part: Part): void {
    this.part = part
    this.exit = undefined
    void part.exited.then((reason: ExitReason) => {
      this.exit = wordFor(reason)
      this.log('exit', this.exit)
    })
  }
}
