import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { ProcessReference } from '../../process/reference.ts'
import type { ProcessRuntime } from '../../process/runtime.ts'
import { expectDefinition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import type { ProducerRef } from '../../stage/types/references.ts'
import { makeDefer } from '../make-defer.ts'
import { defineSource, type ExternalSource, type SourcePort } from '../source/external-source.ts'

/** Called once the offered events have been taken, or with an error if they never will be. */
export type AcceptedWrite = (error?: Error) => void

interface Offer {
  readonly events: readonly unknown[]
  /** How many have been taken. */
  start: number
  readonly taken: AcceptedWrite
}

/** Passes events to a stage as it asks for them: the producer of the events that are written into a stream. */
export class Inlet implements ExternalSource {
  readonly reference: ProcessReference
  /** Whether the end was announced, and all events have been taken. */
  isComplete = false
  private readonly defer: (run: () => void) => void = makeDefer()
  private port: SourcePort | undefined
  private offered: Offer | undefined
  private whenComplete: AcceptedWrite | undefined

  constructor(runtime: ProcessRuntime) {
    const open = (port: SourcePort): ExternalSource => {
      this.port = port
      // Events that were offered, or an end that was announced, before the producer was ready.
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

  /** Offers events. More may be offered only once these are taken. */
  offer(events: readonly unknown[], taken: AcceptedWrite): void {
    this.offered = { events, start: 0, taken }
    this.port?.wake()
  }

  /** No more will be offered; `done` is called once the producer has exited cleanly, or with an error after `fail`. */
  end(done: AcceptedWrite): void {
    this.whenComplete = done
    if (this.reference.process !== undefined) this.port?.end()
    // After a failure `done` is not called here: a reader of the stage may still have to be notified of the failure first.
    else if (isCleanExit(this.reference.exitReason)) this.complete()
  }

  /** Offered events will never be taken, and an end that is awaited will not come. */
  fail(error: Error): void {
    const { offered, whenComplete } = this
    this.offered = undefined
    if (offered !== undefined) this.defer(() => offered.taken(error))
    if (whenComplete === undefined || this.isComplete) return
    this.whenComplete = undefined
    this.defer(() => whenComplete(error))
  }

  /** Stops the producer, so that the stage gets no more events. */
  stop(reason: ExitReason): void {
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
