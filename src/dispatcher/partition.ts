import { EventQueue } from '../base/collections/event-queue.ts'
import { emptyArray } from '../base/empty-array.ts'
import type { PartitionInfo, Subscriber } from './dispatcher.ts'

/** An info in the queues of several partitions. */
interface SharedInfo {
  readonly message: unknown
  /** How many queues it is still in. It is due when it has left the last one. */
  queues: number
}

/**
 * One partition. Either it has open demand, or it is queueing: events for it are queued.
 *
 * It starts to queue when its demand is used up, even if no event is left to queue: an info then waits in the empty
 * queue. It stops when more is asked for than is in the queue.
 */
export class Partition<Event> {
  readonly name: string | number
  /** Its index among the partitions, which is the order in which they are served. */
  readonly index: number
  subscriber: Subscriber | undefined = undefined
  /** What its subscriber has asked for and not received. 0 while it is queueing, or has no subscriber. */
  demand = 0
  /** Empty unless it is queueing. */
  readonly queue: EventQueue<Event, SharedInfo> = new EventQueue<Event, SharedInfo>()
  /** Its index in the list of the partitions that are queueing; -1 if it is not. */
  queueing = -1
  /** Its events of the current dispatch; `emptyArray` between dispatches, and until it gets an event in one. */
  bucket: readonly Event[] = emptyArray

  constructor(name: string | number, index: number) {
    this.name = name
    this.index = index
  }

  /** Adds an event to the bucket, and the partition to `touched` if it is the first event there. */
  add(event: Event, touched: Partition<Event>[]): void {
    if (this.bucket.length === 0) {
      touched.push(this)
      this.bucket = [event]
    } else (this.bucket as Event[]).push(event)
  }

  /** Takes the first info out of the queue, and adds it to `due` if it is in no other queue. */
  releaseInfo(due: unknown[]): void {
    const info = this.queue.shiftInfo()
    if (info === undefined) return
    info.queues--
    if (info.queues === 0) due.push(info.message)
  }

  inspect(): PartitionInfo {
    return { partition: this.name, subscriber: this.subscriber?.tag ?? null, queued: this.queue.eventCount }
  }
}
