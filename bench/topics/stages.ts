import { consumer, type ProducerRef, producer, producerConsumer, type Source } from 'genstage'

/** Hands on what it gets. */
export const Same = (source: Source<number>) =>
  producerConsumer({ subscribeTo: [source], handleEvents: (events: readonly number[]) => events })

/** Has the given function look at each batch. */
export const Sink = (source: Source<number>, handle: (events: readonly number[]) => void | Promise<void>) =>
  consumer({ subscribeTo: [source], handleEvents: handle })

/** Always has as many events as it is asked for: the numbers from 0 on. */
export const Endless = () =>
  producer(() => {
    let next = 0
    return {
      handleDemand(demand) {
        const events = new Array<number>(demand)
        for (let index = 0; index < demand; index++) events[index] = next++
        return events
      },
    }
  })

/** A producer of numbers. */
export type Numbers = ProducerRef<number>
