import { Ring } from '../../base/collections/ring.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { Upstream } from '../consuming/upstream.ts'

/** Something that is to be done once the events before it are. */
interface Barrier {
  /** Only events of this subscription count; undefined for those of all. */
  readonly source: Upstream | undefined
  /** Events from this place on do not count. */
  readonly before: number
  /** How many of those that count are not done. */
  left: number
  readonly action: () => Progress
}

/** What waits in a stage for the events that came before it: ends of subscriptions, infos, the end of the stage. */
export class Barriers {
  private standing: Barrier[] = []
  /** What nothing stands before any more, in the order in which that happened. */
  readonly due: Ring<() => Progress> = new Ring<() => Progress>()

  /** Whether anything waits. */
  get isEmpty(): boolean {
    return this.standing.length === 0
  }

  /** Adds an action that waits for `left` (at least 1) events, all before the place `before`. */
  add(source: Upstream | undefined, before: number, left: number, action: () => Progress): void {
    this.standing.push({ source, before, left, action })
  }

  /** An event is done. Returns whether an action has become due. */
  eventDone(source: Upstream, sequence: number): boolean {
    let isDue = false
    for (const barrier of this.standing) {
      if (sequence >= barrier.before || (barrier.source !== undefined && barrier.source !== source)) continue
      barrier.left--
      if (barrier.left > 0) continue
      this.due.push(barrier.action)
      isDue = true
    }
    if (isDue) this.standing = this.standing.filter(({ left }) => left > 0)
    return isDue
  }
}
