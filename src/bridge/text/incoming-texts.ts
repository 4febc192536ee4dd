import { thrownReason } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Subscription } from '../../stage/types/subscription.ts'
import { type TextEnd, type TextId, textOf, valueOfPiece } from './text-piece.ts'

/** Turns the pieces of one text into other pieces. It keeps an incomplete one until the next piece comes. */
export interface TextTransform<in In> {
  /** Takes the next piece, and adds what is complete now to `out`. */
  transform(piece: In, out: string[]): void
  /** The text has ended: adds the rest to `out`. */
  finish(out: string[]): void
}

/** The result of a transform: events, and the failure that ended it, if any. */
export interface TextTransformResult {
  readonly events: readonly unknown[]
  readonly stop?: ExitReason
}

/** A text that a stage receives. */
interface IncomingText {
  readonly transform: TextTransform<unknown>
  /** Whether it was cut off in the middle: then its rest is dropped, because it is incomplete. */
  isCutOff: boolean
}

/** The texts that a stage receives, by the tag of the subscription and the text within it. */
export class IncomingTexts {
  private readonly makeTransform: () => TextTransform<unknown>
  private readonly texts = new Map<string, Map<TextId, IncomingText>>()

  constructor(makeTransform: () => TextTransform<unknown>) {
    this.makeTransform = makeTransform
  }

  transform(events: readonly unknown[], { tag }: Subscription): TextTransformResult {
    return collect((out) => {
      for (const event of events) this.find(tag, textOf(event)).transform.transform(valueOfPiece(event), out)
    })
  }

  /** A subscription has ended, and all its texts with it. */
  end({ tag }: Subscription, isComplete: boolean): TextTransformResult {
    const texts = this.texts.get(tag)
    this.texts.delete(tag)
    return collect((out) => {
      if (isComplete) for (const text of texts?.values() ?? []) finish(text, out)
    })
  }

  /** No more pieces of a text will come; pieces that have come may still be queued. */
  announceEnd({ tag, text, isComplete }: TextEnd): void {
    if (!isComplete) this.find(tag, text).isCutOff = true
  }

  /** A text has ended, and all its pieces have been transformed. */
  endText({ tag, text }: TextEnd): TextTransformResult {
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
      text = { transform: this.makeTransform(), isCutOff: false }
      texts.set(id, text)
    }
    return text
  }
}

function finish({ transform, isCutOff }: IncomingText, out: string[]): void {
  if (!isCutOff) transform.finish(out)
}

/** Collects what is complete before an error, so that it is emitted before the stage fails with the error. */
function collect(run: (out: string[]) => void): TextTransformResult {
  const events: string[] = []
  try {
    run(events)
  } catch (error) {
    return { events, stop: thrownReason(error) }
  }
  return { events }
}
