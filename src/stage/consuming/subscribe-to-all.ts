import type { Progress } from '../../process/behaviour.ts'
import type { Process } from '../../process/process.ts'
import type { SubscribeRequest } from '../subscription/subscribe-request.ts'
import type { ConsumerHalf } from './consumer-half.ts'

/** Subscribes a stage that is starting to all producers of its `subscribeTo`, one after the other. */
export function subscribeToAll(
  process: Process,
  half: ConsumerHalf,
  requests: readonly SubscribeRequest[],
  start: number = 0,
): Progress {
  for (let next = start; next < requests.length; next++) {
    const progress = half.subscribe(requests[next] as SubscribeRequest, undefined)
    if (progress !== 'done')
      return process.afterwards(progress, () => subscribeToAll(process, half, requests, next + 1))
  }
  return 'done'
}
