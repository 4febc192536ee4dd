import { type Indexed, unhandledOf, type View } from '../view.ts'

/** A queue that will be empty within this time, in milliseconds, is being worked off. */
const EMPTY_WITHIN = 60_000

/**
 * Whether a queue has grown throughout the window.
 *
 * Compares its peaks in three parts of the window, because batches come and go in between, and a burst is worked off.
 */
export function rises({ window }: View, lengthAt: (index: Indexed) => number): boolean {
  const [first, second] = [Math.ceil(window.length / 3), Math.ceil((2 * window.length) / 3)]
  const parts = [window.slice(0, first), window.slice(first, second), window.slice(second)]
  const [start, middle, end] = parts.map((part) => peakOf(part, lengthAt).length) as [number, number, number]
  return window.length >= 3 && start < middle && middle < end
}

/**
 * Whether a queue will soon be empty, by its peaks in the two halves of the window, or of the time since it began to fill.
 *
 * It must not be growing at present: a batch that takes half a window may look like a queue that shrinks.
 */
export function isWorkedOff({ window, newest }: View, lengthAt: (index: Indexed) => number): boolean {
  const begin = window.findIndex((index) => lengthAt(index) > 0)
  if (begin < 0) return false
  const looks = window.slice(begin)
  if (lengthAt(newest) > lengthAt(looks[Math.floor((2 * looks.length) / 3)] as Indexed)) return false
  const before = peakOf(looks.slice(0, looks.length >> 1), lengthAt)
  const after = peakOf(looks.slice(looks.length >> 1), lengthAt)
  const shrinkage = before.length - after.length
  return shrinkage > 0 && (after.length * (after.time - before.time)) / shrinkage <= EMPTY_WITHIN
}

function peakOf(looks: readonly Indexed[], lengthAt: (index: Indexed) => number): { length: number; time: number } {
  let peak = { length: 0, time: looks[0]?.snapshot.time ?? 0 }
  for (const index of looks) {
    const length = lengthAt(index)
    if (length > peak.length) peak = { length, time: index.snapshot.time }
  }
  return peak
}

/** The number of events that a stage holds: buffered, queued for a partition, in its mailbox or being handled. */
export function heldBy({ stages }: Indexed, id: string): number {
  const { producing } = stages.get(id) ?? {}
  return (
    unhandledOf(stages.get(id)) + (producing === undefined ? 0 : producing.buffer.events + producing.dispatcher.queued)
  )
}

/** The number of events that the producers of a consumer hold because it has not asked for them. */
export function heldFor({ stages, upstream }: Indexed, consumer: string): number {
  let held = 0
  for (const { producer, queued = 0 } of upstream.get(consumer) ?? []) {
    held += queued + (stages.get(producer)?.producing?.buffer.events ?? 0)
  }
  return held
}
