import type { Dispatcher } from '../../dispatcher/dispatcher.ts'

/** The contract of a dispatcher, complete. */
export interface ValidContract {
  readonly make: () => Dispatcher<unknown, unknown>
  readonly options: (place: number) => unknown
  readonly events: (number: number) => unknown
  readonly subscribers: number
  readonly broadcast: boolean
  readonly discards: (event: unknown) => boolean
  readonly runs: number
}
