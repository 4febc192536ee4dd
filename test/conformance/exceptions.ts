import type { Timing } from './timing.ts'

// Replays that may differ from their records because callbacks return later.

/**
 * Scenarios marked `fifo` that differ when callbacks return later.
 *
 * Their records hold as long as a stage, in its turn, handles everything in its mailbox before another stage runs. A
 * callback whose result is pending ends that turn: its stage waits, and the others run in the meantime, as on the BEAM
 * they do while a process waits inside a callback. What then arrives in which order at a stage with several neighbours
 * is another order: of two consumers the other one has asked first, asks and deliveries are grouped into messages
 * differently, a cancellation or an end comes before or after a batch. No record marked `any` depends on that, and none
 * is listed here.
 */
const turnsCutShort: { readonly timings: readonly Timing[]; readonly names: string }[] = [
  {
    timings: ['microtask', 'macrotask'],
    names: `
    competing-7-6 competing-7-16 competing-7-17 competing-7-18 competing-7-24 competing-7-26 competing-7-28
    competing-7-37 competing-7-40 competing-7-44 competing-7-58 competing-7-68 competing-7-72 competing-7-75
    competing-7-85 competing-7-95
    broadcast-7-52 broadcast-7-53 broadcast-7-65 broadcast-7-75
    partition-7-25 partition-7-72
    repartition-7-6 repartition-7-7 repartition-7-21 repartition-7-23 repartition-7-27 repartition-7-43
    repartition-7-56 repartition-7-77 repartition-7-92 repartition-7-99
    chain-7-27 chain-7-29 chain-7-33 chain-7-37 chain-7-47 chain-7-48 chain-7-72 chain-7-79 chain-7-91
    chain-7-98
    merge-7-19
    lifecycle-7-1 lifecycle-7-21 lifecycle-7-25 lifecycle-7-27 lifecycle-7-35 lifecycle-7-48 lifecycle-7-52
    lifecycle-7-53 lifecycle-7-61 lifecycle-7-68 lifecycle-7-77 lifecycle-7-79 lifecycle-7-88
    accumulate-7-4 accumulate-7-9 accumulate-7-10 accumulate-7-26 accumulate-7-35 accumulate-7-38 accumulate-7-43
    accumulate-7-44 accumulate-7-49 accumulate-7-60 accumulate-7-64 accumulate-7-68 accumulate-7-69
    accumulate-7-86 accumulate-7-87 accumulate-7-92 accumulate-7-97
    init-7-2 init-7-7 init-7-11 init-7-12 init-7-21 init-7-24 init-7-26 init-7-34 init-7-45 init-7-47 init-7-50
    init-7-67 init-7-71 init-7-72 init-7-74 init-7-77 init-7-79 init-7-85 init-7-87 init-7-89 init-7-90
    init-7-96
    finite-7-0 finite-7-2 finite-7-28 finite-7-47 finite-7-56 finite-7-70 finite-7-76 finite-7-78 finite-7-89
    finite-7-90 finite-7-95
    stream-7-3 stream-7-48
    `,
  },
  {
    timings: ['microtask'],
    names: `
    chain-7-5
    `,
  },
  {
    timings: ['macrotask'],
    names: `
    partition-7-33 partition-7-39 partition-7-93
    repartition-7-37 repartition-7-39 repartition-7-81
    chain-7-73
    accumulate-7-1 accumulate-7-8 accumulate-7-21 accumulate-7-29 accumulate-7-39 accumulate-7-50 accumulate-7-57
    accumulate-7-58 accumulate-7-90
    init-7-32 init-7-70
    stream-7-53 stream-7-81 stream-7-86 stream-7-90
    `,
  },
]

/** The names of the scenarios that may differ from their records with this timing. */
export function exceptionsFor(timing: Timing): ReadonlySet<string> {
  const lists = turnsCutShort.filter(({ timings }) => timings.includes(timing))
  return new Set(lists.flatMap(({ names }) => names.trim().split(/\s+/)))
}
