import { thrownReason } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { Subscription } from '../../stage/types/subscription.ts'
import { SelfMessage } from '../source/self-message.ts'
import { plainOf, readerOf, TextEnd, type TextId, textOf } from './text-piece.ts'

/** Turns the pieces of one text into others; what it cannot tell yet it keeps for the next piece. */
export interface Cutter<in In> {
  /** Takes the next piece, and adds what is whole now to `out`. */
  cut(piece: In, out: string[]): void
  /** The text has ended: adds what is left. */
  finish(out: string[]): void
}

/** What came of cutting: events, and the failure that ended it, if any. */
export interface CutResult {
  readonly events: readonly unknown[]
  readonly stop?: ExitReason
}

/** A text that a stage takes in. */
interface IncomingText {
  readonly cutter: Cutter<unknown>
  /** Whether it was cut off, wherever that was: what is left of it then is nothing whole. */
  isCutOff: boolean
}

/** The texts that a stage takes in, by the tag of the subscription and the text within it. */
export class IncomingTexts {
  private readonly makeCutter: () => Cutter<unknown>
  private readonly texts = new Map<string, Map<TextId, IncomingText>>()

  constructor(makeCutter: () => Cutter<unknown>) {
    this.makeCutter = makeCutter
  }

  cut(events: readonly unknown[], { tag }: Subscription): CutResult {
    return collect((out) => {
      for (const event of events) this.find(tag, textOf(event)).cutter.cut(plainOf(event), out)
    })
  }

  /** A subscription has ended, and all its texts with it. */
  end({ tag }: Subscription, isComplete: boolean): CutResult {
    const texts = this.texts.get(tag)
    this.texts.delete(tag)
    return collect((out) => {
      if (isComplete) for (const text of texts?.values() ?? []) finish(text, out)
    })
  }

  /** Nothing more of a text will come; pieces that have come may still be waiting. */
  announceEnd({ tag, text, isComplete }: TextEnd): void {
    if (!isComplete) this.find(tag, text).isCutOff = true
  }

  /** A text has ended, and all its pieces have been cut. */
  endText({ tag, text }: TextEnd): CutResult {
    const texts = this.texts.get(tag)
    const ended = texts?.get(text)
    texts?.delete(text)
    return collect((out) => {
      if (ended !== undefined) finish(ended, out)
    })
  }

  private find(tag: string, id: TextId): IncomingText {
    let texts = this.texts.get(tag)
    if (texts === undefined) {
      texts = new Map()
      this.texts.set(tag, texts)
    }
    let text = texts.get(id)
    if (text === undefined) {
      text = { cutter: this.makeCutter(), isCutOff: false }
      texts.set(id, text)
    }
    return text
  }
}

function finish({ cutter, isCutOff }: IncomingText, out: string[]): void {
  if (!isCutOff) cutter.finish(out)
}

/** What was whole before a mistake is emitted before the stage fails of it. */
function collect(cut: (out: string[]) => void): CutResult {
  const events: string[] = []
  try {
    cut(events)
  } catch (error) {
    return { events, stop: thrownReason(error) }
  }
  return { events }
}

/** The texts that a stage emits pieces of, one for each of its subscriptions, and the subscribers that keep them apart. */
export class OutgoingTexts {
  private readonly stage: ConsumerContext
  /** By the tag of the subscription that a text comes in under. */
  private readonly texts = new Map<string, TextId>()
  private hasFirst = false
  private hasEnded = false
  private readonly readers = new Map<Subscription, ProcessReference>()

  constructor(stage: ConsumerContext) {
    this.stage = stage
  }

  /** A consumer has subscribed. */
  join(subscriber: Subscription): void {
    const reader = readerOf(subscriber)
    if (reader !== undefined) this.readers.set(subscriber, reader)
  }

  leave(subscriber: Subscription): void {
    this.readers.delete(subscriber)
  }

  /** The text that comes in under a subscription. */
  textOf({ tag }: Subscription): TextId {
    if (!this.texts.has(tag)) {
      this.texts.set(tag, this.hasFirst ? Symbol('text') : undefined)
      this.hasFirst = true
    }
    return this.texts.get(tag)
  }

  /** The text of a subscription has ended: notifies the readers, once all its pieces have been sent. */
  end(from: Subscription, isComplete: boolean): void {
    const text = this.textOf(from)
    this.texts.delete(from.tag)
    this.hasEnded = true
    this.stage.info(
      new SelfMessage(() => {
        this.notify(text, isComplete)
        return {}
      }),
    )
  }

  /** The stage ends. Where it does so with the end of one text, all others are cut off, though it is a clean end. */
  close(): void {
    if (this.hasEnded) for (const text of this.texts.values()) this.notify(text, false)
  }

  private notify(text: TextId, isComplete: boolean): void {
    for (const [{ tag }, reader] of this.readers) reader.send(new TextEnd(tag, text, isComplete))
  }
}
