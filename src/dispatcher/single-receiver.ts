import type { Subscriber } from './dispatcher.ts'

/**
 * A dispatcher that can say in one word who gets a batch, where that is one subscriber: most batches are such. It can
 * hand out as many events as its subscribers have asked for together. Only dispatchers of our own, who need no check of
 * what they answer.
 */
export abstract class SingleReceiver {
  /**
   * Hands out `count` events, at least one, if one subscriber gets them all.
   *
   * @returns Who; or `undefined`, and nothing has changed: then `dispatch` is to be asked.
   */
  abstract dispatchToOne(count: number): Subscriber | undefined
}
