import type { ShortLivedSet } from '../../base/short-lived.ts'
import { ExitCause } from '../../process/exit/exit-cause.ts'
import { type ExitReason, isCleanExit } from '../../process/exit/exit-reason.ts'
import type { Linkable } from '../../process/exit/link.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { defaultRuntime, expectRuntime } from '../../process/runtime.ts'
import { expectDefinition } from '../../process/start/definition.ts'
import { launchProcess } from '../../process/start/start.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { ProducerConsumerRef, ProducerRef } from '../../stage/types/references.ts'
import { errorOf } from '../errors.ts'
import { makeDefer } from '../make-defer.ts'
import type { ValidPassageOptions } from './duplex-options.ts'
import { Inlet } from './inlet.ts'
import { Outlet, type OutletListener } from './outlet.ts'

/**
 * A producer-consumer between two streams: what is written goes in by the inlet, what is read comes out by the outlet.
 *
 * It is what the stage is linked to, so a failure of the stage is its to tell: by `fail` of the face, as the error of the
 * streams.
 */
export class DuplexStage implements Linkable {
  links: ShortLivedSet<Linkable> | undefined
  readonly inlet: Inlet
  readonly outlet: Outlet
  private readonly operation: string
  private readonly stage: ProcessReference
  private readonly face: OutletListener
  private readonly defer: (run: () => void) => void = makeDefer()

  /**
   * @param operation What to call it in a message.
   * @throws {TypeError} If `stage` is no producer-consumer, or was started before.
   */
  constructor(operation: string, stage: Stage<ProcessRef>, options: ValidPassageOptions, face: OutletListener) {
    const { highWaterMark, runtime: given } = options
    const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
    const definition = expectDefinition(stage)
    if (definition.kind !== 'producer-consumer') {
      throw new TypeError(`expected ${operation} to be given a producer-consumer, got a ${definition.kind}`)
    }
    definition.claim()
    this.operation = operation
    this.face = face
    this.inlet = new Inlet(runtime)
    const { reference, started } = launchProcess(definition, runtime, { parent: this })
    this.stage = reference
    const both = reference as unknown as ProducerConsumerRef<never, unknown>
    const subscribed = both.subscribe(this.inlet.reference as unknown as ProducerRef<never>, {
      maxDemand: highWaterMark,
      // The set-up of a stage may take its time, and what waits for it are streams, which wait as well.
      timeout: Number.POSITIVE_INFINITY,
    })
    // A stage that cannot be set up ends the subscription too; the error of the start says more.
    subscribed.catch(() => {})
    // At once, so before the outlet hears of the same end, and knows less of it.
    started.catch((error: unknown) => this.face.fail(error as Error))
    this.outlet = new Outlet(operation, both, face)
  }

  /** Ends the stage, as a supervisor would: at once, or by its `terminate` where it traps exits. */
  leave(reason: ExitReason): void {
    this.outlet.close()
    this.inlet.leave(isCleanExit(reason) ? 'shutdown' : reason)
    const { process, label } = this.stage
    const cause = new ExitCause(isCleanExit(reason) ? 'shutdown' : reason, label, undefined, true)
    process?.signalExit(this, cause, undefined)
  }

  get onFailure(): 'report' {
    return 'report'
  }

  signalExit(_from: Linkable | undefined, cause: ExitCause): void {
    const error = errorOf(cause.root.reason, this.operation, this.stage.label)
    if (error === undefined) return
    cause.isReported = true
    // Who takes events out hears of the end behind the last of them.
    if (!this.outlet.hasBegun) this.defer(() => this.face.fail(error))
  }
}
