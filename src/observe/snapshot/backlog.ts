import { type Indexed, type View, waitingFor } from './view.ts'

/** A queue that will be empty so soon, in milliseconds, is one that is being worked off. */
const EMPTY_WITHIN = 60_000

/** How a queue develops: it gets longer, or it will soon be empty, or neither. */
export type Trend = 'rises' | 'falls' | 'stays'

/**
 * How a queue develops over the window, by its peaks in the two halves: batches come and go in between.
 *
 * @param lengthAt Its length in a snapshot.
 */
export function trendOf({ window }: View, lengthAt: (index: Indexed) => number): Trend {
  const middle = window.length >> 1
  const [before, after] = [peakOf(window.slice(0, middle), lengthAt), peakOf(window.slice(middle), lengthAt)]
  const growth = after.length - before.length
  if (growth > 0) return 'rises'
  const emptyIn = growth < 0 ? (after.length * (after.time - before.time)) / -growth : Number.POSITIVE_INFINITY
  return emptyIn <= EMPTY_WITHIN ? 'falls' : 'stays'
}

function peakOf(looks: readonly Indexed[], lengthAt: (index: Indexed) => number): { length: number; time: number } {
  let peak = { length: 0, time: looks[0]?.snapshot.time ?? 0 }
  for (const index of looks) {
    const length = lengthAt(index)
    if (length > peak.length) peak = { length, time: index.snapshot.time }
  }
  return peak
}

/** Events that a stage holds: buffered, queued for a partition, in its mailbox or being handled. */
export function heldBy({ stages }: Indexed, id: string): number {
  const { producing } = stages.get(id) ?? {}
  return waitingFor(stages.get(id)) + (producing === undefined ? 0 : producing.buffer.events + producing.dispatcher.held)
}

/** Events that a producer holds for one of its consumers, which has not asked for them. */
export function heldFor({ stages, upstream }: Indexed, consumer: string): number {
  let held = 0
  for (const { producer, queued = 0 } of upstream.get(consumer) ?? []) {
    held += queued + (stages.get(producer)?.producing?.buffer.events ?? 0)
  }
  return held
}
