import { producerConsumer, type Source, type Subscription } from 'genstage'

/** How a stage gathers. */
export interface Gathering<In, Summary> {
  /** The producers to take everything from, each with `cancel: 'transient'`: its normal end is none for this stage. */
  readonly from: readonly Source<In>[]
  /** Takes one event. */
  readonly add: (event: In) => void
  /** Says what all the events came to. */
  readonly summary: () => Summary
}

/**
 * A stage that takes in everything its producers have, and, when the last of them has ended, hands on one summary and
 * ends too.
 *
 * A producer's end keeps its place behind the events it has sent, so when it is heard of, they have been added.
 */
export const gather = <In, Summary>({ from, add, summary }: Gathering<In, Summary>) =>
  producerConsumer(({ info }) => {
    const open = new Set<Subscription>()
    return {
      subscribeTo: from,
      handleSubscribe(role, _options, subscription) {
        if (role === 'producer') open.add(subscription)
      },
      handleEvents(events: readonly In[]): Summary[] {
        for (const event of events) add(event)
        return []
      },
      handleCancel(_reason, subscription) {
        if (!open.delete(subscription) || open.size > 0) return []
        // It comes back, as a message, when the summary has been taken.
        info('finished')
        return [summary()]
      },
      handleInfo: (_finished: 'finished') => ({ stop: 'normal' }),
    }
  })
