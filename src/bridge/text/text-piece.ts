import type { ProcessReference } from '../../process/reference.ts'
import { ProducerSubscription } from '../../stage/producing/producer-subscription.ts'
import type { StageRef } from '../../stage/types/references.ts'

/**
 * Identifies the text that a piece belongs to, if a stage emits pieces of several texts.
 *
 * `undefined` for the first text of a stage, whose pieces are plain strings. So a stage of one text, as most are, emits
 * only strings.
 */
export type TextId = symbol | undefined

/** A piece of any text but the first. Sent only to stages that keep texts apart; all others receive a string. */
export class TextPiece {
  readonly text: symbol
  readonly value: string

  constructor(text: symbol, value: string) {
    this.text = text
    this.value = value
  }
}

/** Sent to a stage that keeps texts apart: no more pieces of this text will come under this subscription. */
export class TextEnd {
  readonly tag: string
  readonly text: TextId
  /** Whether the text is complete; otherwise it was cut off. */
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

/** The event without its text: a string, unless a producer emitted something else. */
export function valueOfPiece(event: unknown): unknown {
  return event instanceof TextPiece ? event.value : event
}

/** Adds to events the text that they belong to. */
export function withTextId(text: TextId, events: readonly unknown[]): readonly unknown[] {
  return text === undefined ? events : events.map((event) => new TextPiece(text, event as string))
}

const readers = new WeakSet<ProcessReference>()

/** Marks a stage as one that keeps texts apart: it is sent pieces with their texts, and the ends of those texts. */
export function markTextReader(self: StageRef): void {
  readers.add(self as unknown as ProcessReference)
}

/** The stage of a subscriber, if it keeps texts apart; otherwise `undefined`. */
export function readerOf(subscriber: unknown): ProcessReference | undefined {
  if (!(subscriber instanceof ProducerSubscription)) return undefined
  const reference = ProducerSubscription.referenceOf(subscriber)
  return readers.has(reference) ? reference : undefined
}
