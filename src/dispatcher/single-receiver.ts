import type { Subscriber } from './dispatcher.ts'

/**
 * A dispatcher that can return the one subscriber that gets a whole batch; most batches go to one. It can distribute as
 * many events as its subscribers have asked for together. Only for the dispatchers of this library, whose results need
 * no check.
 */
export abstract class SingleReceiver {
  /**
   * Distributes `count` events, at least one, if one subscriber gets them all.
   *
   * @returns That subscriber; or `undefined`, and nothing has changed: then call `dispatch`.
   */
  abstract dispatchToOne(count: number): Subscriber | undefined
}
