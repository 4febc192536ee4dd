import type { ProcessReference } from '../../process/reference.ts'
import { ProducerSubscription } from '../../stage/producing/producer-subscription.ts'
import type { StageRef } from '../../stage/types/references.ts'

/**
 * Which text a piece belongs to, where a stage emits pieces of several.
 *
 * `undefined` for the first text of a stage: its pieces are plain strings, so that a stage of one text, as most are, emits
 * nothing else.
 */
export type TextId = symbol | undefined

/** A piece of any text but the first. Only stages that keep texts apart are sent any; for all others it is a string. */
export class TextPiece {
  readonly text: symbol
  readonly value: string

  constructor(text: symbol, value: string) {
    this.text = text
    this.value = value
  }
}

/** Sent to a stage that keeps texts apart: of this text nothing more will come under this subscription. */
export class TextEnd {
  readonly tag: string
  readonly text: TextId
  /** Whether the text is complete; otherwise it was cut off, wherever that was. */
  readonly isComplete: boolean

  constructor(tag: string, text: TextId, isComplete: boolean) {
    this.tag = tag
    this.text = text
    this.isComplete = isComplete
  }
}

/** The text that an event belongs to, among those of its subscription. */
export function textOf(event: unknown): TextId {
  return event instanceof TextPiece ? event.text : undefined
}

/** The event itself: a string, unless a producer was wrong. */
export function plainOf(event: unknown): unknown {
  return event instanceof TextPiece ? event.value : event
}

/** Names the text that events belong to. */
export function named(text: TextId, events: readonly unknown[]): readonly unknown[] {
  return text === undefined ? events : events.map((event) => new TextPiece(text, event as string))
}

const readers = new WeakSet<ProcessReference>()

/** From now on this stage is sent pieces with the texts that they belong to, and the ends of those texts. */
export function readTexts(self: StageRef): void {
  readers.add(self as unknown as ProcessReference)
}

/** The stage of a subscriber that keeps texts apart; `undefined` where it does not. */
export function readerOf(subscriber: unknown): ProcessReference | undefined {
  if (!(subscriber instanceof ProducerSubscription)) return undefined
  const reference = ProducerSubscription.referenceOf(subscriber)
  return readers.has(reference) ? reference : undefined
}
