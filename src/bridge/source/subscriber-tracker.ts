import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { StageRef } from '../../stage/types/references.ts'
import type { CancelReason } from '../../stage/types/results.ts'
import { type Result, SelfMessage } from './self-message.ts'

/** Who is subscribed to a stage of the bridges, and what it means to that stage when the last of them goes. */
export class SubscriberTracker {
  private readonly self: StageRef
  private readonly onCancel: 'stop' | 'continue'
  /** Each subscriber, and in which message of the stage's it came. */
  private readonly subscribers = new Map<object, number | undefined>()

  constructor(self: StageRef, onCancel: 'stop' | 'continue') {
    this.self = self
    this.onCancel = onCancel
  }

  get isEmpty(): boolean {
    return this.subscribers.size === 0
  }

  join(subscriber: object): void {
    this.subscribers.set(subscriber, this.presentMessage)
  }

  /** A subscription has ended; answers whether it was one of this audience's. */
  leave(subscriber: object, reason: CancelReason): boolean {
    if (!this.subscribers.has(subscriber)) return false
    // Who goes in the message in which it came has been refused by the dispatcher, and was never there.
    const wasRefused = this.subscribers.get(subscriber) === this.presentMessage
    this.subscribers.delete(subscriber)
    // In a message of its own: a consumer that resubscribes goes and comes within one.
    if (!wasRefused && this.isMissed) this.self.send(new SelfMessage(() => this.stopIfMissed(reason)))
    return true
  }

  private get isMissed(): boolean {
    return this.onCancel === 'stop' && this.isEmpty
  }

  private get presentMessage(): number | undefined {
    return (this.self as unknown as ProcessReference).process?.messagesBegun
  }

  private stopIfMissed(reason: CancelReason): Result {
    const why: ExitReason = 'down' in reason ? reason.down : reason.cancel
    // Asked for, and not answered with: the failure is the consumer's, and is reported there.
    if (this.isMissed) this.self.stop(isCleanExit(why) ? 'normal' : why).catch(() => {})
    return {}
  }
}
