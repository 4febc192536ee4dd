import { type Indexed, type View, waitingFor } from '../view.ts'

/** A queue that will be empty so soon, in milliseconds, is one that is being worked off. */
const EMPTY_WITHIN = 60_000

/**
 * Whether a queue has got longer all through the window, by its peaks in three parts of it: batches come and go in
 * between, and what has come at once is being worked off.
 */
export function rises({ window }: View, lengthAt: (index: Indexed) => number): boolean {
  const [first, second] = [Math.ceil(window.length / 3), Math.ceil((2 * window.length) / 3)]
  const parts = [window.slice(0, first), window.slice(first, second), window.slice(second)]
  const [start, middle, end] = parts.map((part) => peakOf(part, lengthAt).length) as [number, number, number]
  return window.length >= 3 && start < middle && middle < end
}

/**
 * Whether a queue will soon be empty, by its peaks in the two halves of the window, or since it began to fill. It does
 * not grow at present either: a batch that takes half a window may look like work that gets less.
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

/** Events that a stage holds: buffered, queued for a partition, in its mailbox or being handled. */
export function heldBy({ stages }: Indexed, id: string): number {
  const { producing } = stages.get(id) ?? {}
  return (
    waitingFor(stages.get(id)) + (producing === undefined ? 0 : producing.buffer.events + producing.dispatcher.queued)
  )
}

/** Events that a producer holds for one of its consumers, which has not asked for them. */
export function heldFor({ stages, upstream }: Indexed, consumer: string): number {
  let held = 0
  for (const { producer, queued = 0 } of upstream.get(consumer) ?? []) {
    held += queued + (stages.get(producer)?.producing?.buffer.events ?? 0)
  }
  return held
}
