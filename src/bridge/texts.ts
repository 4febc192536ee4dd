import { thrownReason } from '../process/ending.ts'
import type { ExitReason } from '../process/exit-reason.ts'
import type { ProcessReference } from '../process/reference.ts'
import type { ConsumerContext } from '../stage/context.ts'
import type { Subscription } from '../stage/subscribing.ts'
import { OwnMessage } from './own-message.ts'
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

/** The texts that a stage takes in, each with a cutter, by the tag of the subscription and the text within it. */
export class IncomingTexts {
  private readonly makeCutter: () => Cutter<unknown>
  private readonly cutters = new Map<string, Map<TextId, Cutter<unknown>>>()

  constructor(makeCutter: () => Cutter<unknown>) {
    this.makeCutter = makeCutter
  }

  cut(events: readonly unknown[], { tag }: Subscription): CutResult {
    return collect((out) => {
      for (const event of events) this.cutterFor(tag, textOf(event)).cut(plainOf(event), out)
    })
  }

  /** A subscription has ended, and all its texts with it. */
  end({ tag }: Subscription, isComplete: boolean): CutResult {
    const cutters = this.cutters.get(tag)
    this.cutters.delete(tag)
    return collect((out) => {
      if (isComplete) for (const cutter of cutters?.values() ?? []) cutter.finish(out)
    })
  }

  endText({ tag, text, isComplete }: TextEnd): CutResult {
    const cutters = this.cutters.get(tag)
    const cutter = cutters?.get(text)
    cutters?.delete(text)
    return collect((out) => {
      if (isComplete) cutter?.finish(out)
    })
  }

  private cutterFor(tag: string, text: TextId): Cutter<unknown> {
    let cutters = this.cutters.get(tag)
    if (cutters === undefined) {
      cutters = new Map()
      this.cutters.set(tag, cutters)
    }
    let cutter = cutters.get(text)
    if (cutter === undefined) {
      cutter = this.makeCutter()
      cutters.set(text, cutter)
    }
    return cutter
  }
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
    this.stage.info(
      new OwnMessage(() => {
        for (const [{ tag }, reader] of this.readers) reader.send(new TextEnd(tag, text, isComplete))
        return {}
      }),
    )
  }
}
