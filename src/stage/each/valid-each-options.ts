import type { Key } from '../../base/key.ts'
import type { ValidRate } from '../../base/options/rate.ts'
import type { ValidRetryPolicy } from '../../base/options/retry.ts'

/** The options that go with `handleEvent`, complete. Times are in milliseconds. */
export interface ValidEachOptions {
  readonly concurrency: number
  readonly ordered: boolean
  readonly orderBy: ((event: unknown) => Key) | undefined
  readonly rate: ValidRate | undefined
  readonly timeout: number
  readonly retry: ValidRetryPolicy | undefined
  readonly onError: 'fail' | 'skip' | ((error: unknown, event: unknown) => unknown)
}
