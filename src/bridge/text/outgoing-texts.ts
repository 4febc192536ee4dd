import type { ProcessReference } from '../../process/reference.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { Subscription } from '../../stage/types/subscription.ts'
import { SelfMessage } from '../source/self-message.ts'
import { readerOf, TextEnd, type TextId } from './text-piece.ts'

/**
 * The texts of which a stage emits pieces, one for each of its subscriptions, and the subscribers that keep them apart
 * (the readers).
 */
export class OutgoingTexts {
  private readonly stage: ConsumerContext
  /** By the tag of the subscription from which the text comes. */
  private readonly texts = new Map<string, TextId>()
  private hasFirst = false
  private hasEnded = false
  private readonly readers = new Map<Subscription, ProcessReference>()

  constructor(stage: ConsumerContext) {
    this.stage = stage
  }

  /** A consumer has subscribed. */
  addSubscriber(subscriber: Subscription): void {
    const reader = readerOf(subscriber)
    if (reader !== undefined) this.readers.set(subscriber, reader)
  }

  removeSubscriber(subscriber: Subscription): void {
    this.readers.delete(subscriber)
  }

  /** The text that comes from a subscription. */
  textOf({ tag }: Subscription): TextId {
    if (!this.texts.has(tag)) {
      this.texts.set(tag, this.hasFirst ? Symbol('text') : undefined)
      this.hasFirst = true
    }
    return this.texts.get(tag)
  }

  /** The text of a subscription has ended: notifies the readers once all its pieces have been sent. */
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

  /** The stage exits. If it exits with the end of one text, all others are cut off, even if the exit is clean. */
  close(): void {
    if (this.hasEnded) for (const text of this.texts.values()) this.notify(text, false)
  }

  private notify(text: TextId, isComplete: boolean): void {
    for (const [{ tag }, reader] of this.readers) reader.send(new TextEnd(tag, text, isComplete))
  }
}
