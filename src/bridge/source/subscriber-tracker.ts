import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { StageRef } from '../../stage/types/references.ts'
import type { CancelReason } from '../../stage/types/results.ts'
import { SelfMessage, type SelfMessageResult } from './self-message.ts'

/** Tracks the subscribers of a stage of the bridges, and stops the stage when the last one is cancelled, if it should. */
export class SubscriberTracker {
  private readonly self: StageRef
  private readonly onCancel: 'stop' | 'continue'
  /** Each subscriber, with the number of the stage's message in which it subscribed. */
  private readonly subscribers = new Map<object, number | undefined>()

  constructor(self: StageRef, onCancel: 'stop' | 'continue') {
    this.self = self
    this.onCancel = onCancel
  }

  get isEmpty(): boolean {
    return this.subscribers.size === 0
  }

  add(subscriber: object): void {
    this.subscribers.set(subscriber, this.currentMessage)
  }

  /** A subscription was cancelled; returns whether it was one of these subscribers. */
  remove(subscriber: object, reason: CancelReason): boolean {
    if (!this.subscribers.has(subscriber)) return false
    // Cancelled in the message in which it subscribed: the dispatcher has refused it, so it never was a subscriber.
    const wasRefused = this.subscribers.get(subscriber) === this.currentMessage
    this.subscribers.delete(subscriber)
    // Checked in another message: a consumer that resubscribes cancels and subscribes in one.
    if (!wasRefused && this.shouldStop) this.self.send(new SelfMessage(() => this.stopIfUnused(reason)))
    return true
  }

  private get shouldStop(): boolean {
    return this.onCancel === 'stop' && this.isEmpty
  }

  private get currentMessage(): number | undefined {
    return (this.self as unknown as ProcessReference).process?.messagesBegun
  }

  private stopIfUnused(reason: CancelReason): SelfMessageResult {
    const exitReason: ExitReason = 'down' in reason ? reason.down : reason.cancel
    // By `stop`, not by `{ stop }`: the failure is the consumer's, and is reported there.
    if (this.shouldStop) this.self.stop(isCleanExit(exitReason) ? 'normal' : exitReason).catch(() => {})
    return {}
  }
}
