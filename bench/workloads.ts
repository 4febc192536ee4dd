import type { Handler, Outcome } from './work.ts'

/** The workloads that are measured in events per second of CPU time. */
export const workloads = {
  W1: 'linear: integers, doubled, summed; default demand',
  W2: 'the same, one event in flight at a time',
  W3: 'four competing consumers, each event to exactly one',
  W4: 'broadcast to four consumers, everyone gets everything',
  W5: 'partition by key (1,000 keys) to four consumers, order per key kept',
  W6: '20,000 events, a handler that awaits one setImmediate, 64 at a time',
} as const

/** One of them. */
export type Workload = keyof typeof workloads

/** Their names. */
export const workloadNames: readonly Workload[] = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6']

/** Runs `count` events through an implementation, from nothing to the end; `handle` is what W6 does with each. */
export type Run = (count: number, handle?: Handler) => Outcome | Promise<Outcome>

/** What an implementation can do. */
export type Runs = { readonly [workload in Workload]?: Run }

/** What a run of `count` events must come to. */
export function expectedOf(workload: Workload, count: number): Outcome {
  const sum = (count * (count - 1)) / 2
  switch (workload) {
    case 'W1':
    case 'W2':
      return { count, sum: 2 * sum, isOrdered: true }
    case 'W4':
      return { count: 4 * count, sum: 4 * sum, isOrdered: true }
    default:
      return { count, sum, isOrdered: true }
  }
}
