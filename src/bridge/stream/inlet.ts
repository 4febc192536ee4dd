import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { ProcessRuntime } from '../../process/runtime.ts'
import { expectDefinition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { makeDefer } from '../make-defer.ts'
import { defineSource, type Feed, type FeedPort } from '../source/feed.ts'

/** Hears that what was offered has been taken, or with an error that it never will be. */
export type AcceptedWrite = (error?: Error) => void

interface Offer {
  readonly events: readonly unknown[]
  /** How many have been taken. */
  start: number
  readonly taken: AcceptedWrite
}

/** Puts events into a stage as it asks for them: the producer behind a stream that is written to. */
export class Inlet implements Feed {
  readonly reference: ProcessReference
  /** Whether everything was offered that there is, and has been taken. */
  isComplete = false
  private readonly defer: (run: () => void) => void = makeDefer()
  private port: FeedPort | undefined
  private offered: Offer | undefined
  private whenComplete: AcceptedWrite | undefined

  constructor(runtime: ProcessRuntime) {
    const open = (port: FeedPort): Feed => {
      this.port = port
      // What was offered before the stage was set up.
      if (this.offered !== undefined) port.wake()
      if (this.whenComplete !== undefined) port.end()
      return this
    }
    const options = { dispatcher: undefined, onCancel: 'stop', signal: undefined } as const
    const definition = expectDefinition(defineSource<ProducerRef<never>>(open, options))
    const { reference, started } = launchProcess(definition, runtime)
    this.reference = reference
    started.catch(() => {})
  }

  /** Offers events; the next ones only once these are taken. */
  offer(events: readonly unknown[], taken: AcceptedWrite): void {
    this.offered = { events, start: 0, taken }
    this.port?.wake()
  }

  /** No more will be offered; `done` is called once the producer has ended cleanly, or with an error after `refuse`. */
  end(done: AcceptedWrite): void {
    this.whenComplete = done
    if (this.reference.process !== undefined) this.port?.end()
    // A stage that has failed may still have a reader, who gets the failure in its place: this is no clean end.
    else if (isCleanExit(this.reference.exitReason)) this.complete()
  }

  /** What is offered will never be taken, and an end that is waited for will not come. */
  refuse(error: Error): void {
    const { offered, whenComplete } = this
    this.offered = undefined
    if (offered !== undefined) this.defer(() => offered.taken(error))
    if (whenComplete === undefined || this.isComplete) return
    this.whenComplete = undefined
    this.defer(() => whenComplete(error))
  }

  /** The stage is not to take any more. */
  leave(reason: ExitReason): void {
    this.reference.stop(reason).catch(() => {})
  }

  take(wanted: number): unknown[] {
    const { offered } = this
    if (offered === undefined || wanted === 0) return []
    const { events, start, taken } = offered
    const end = Math.min(events.length, start + wanted)
    offered.start = end
    if (end === events.length) {
      this.offered = undefined
      this.defer(taken)
    }
    return events.slice(start, end)
  }

  close(reason: ExitReason): void {
    if (reason === 'normal') this.complete()
  }

  private complete(): void {
    const { whenComplete } = this
    if (whenComplete === undefined) return
    this.isComplete = true
    this.defer(() => whenComplete())
  }
}
