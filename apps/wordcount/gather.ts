import { producerConsumer, type Source, type Subscription } from 'genstage'

/** Where a stage gathers events from, and how. */
export interface Gathering<In, Summary> {
  /** The producers, each with `cancel: 'transient'`, so that the normal end of one does not end this stage. */
  readonly from: readonly Source<In>[]
  /** Adds one event. */
  readonly add: (event: In) => void
  /** Returns the summary of all events. */
  readonly summary: () => Summary
}

/**
 * A stage that gathers all events of its producers. When the last of them has ended, it emits one summary and ends too.
 *
 * The end of a producer arrives after the events it has sent, so by then all of them have been added.
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
        // This message arrives once the summary has been sent.
        info('finished')
        return [summary()]
      },
      handleInfo: (_finished: 'finished') => ({ stop: 'normal' }),
    }
  })
