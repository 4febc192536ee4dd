import type { ChurningSet } from '../../base/collections/churning.ts'
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
import type { ValidDuplexOptions } from './duplex-options.ts'
import { Inlet } from './inlet.ts'
import { Outlet, type OutletListener } from './outlet.ts'

/**
 * A producer-consumer between two streams: writes go in through the inlet, and reads come out of the outlet.
 *
 * The stage is linked to this object, so this object reports a failure of the stage: by `fail` of its listener, as the
 * error of the streams.
 */
export class DuplexStage implements Linkable {
  links: ChurningSet<Linkable> | undefined
  readonly inlet: Inlet
  readonly outlet: Outlet
  private readonly operation: string
  private readonly stage: ProcessReference
  private readonly listener: OutletListener
  private readonly defer: (run: () => void) => void = makeDefer()

  /**
   * @param operation Its name in messages.
   * @throws {TypeError} If `stage` is not a producer-consumer, or was started before.
   */
  constructor(operation: string, stage: Stage<ProcessRef>, options: ValidDuplexOptions, listener: OutletListener) {
    const { highWaterMark, runtime: given } = options
    const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
    const definition = expectDefinition(stage)
    if (definition.kind !== 'producer-consumer') {
      throw new TypeError(`expected ${operation} to be given a producer-consumer, got a ${definition.kind}`)
    }
    definition.claim()
    this.operation = operation
    this.listener = listener
    this.inlet = new Inlet(runtime)
    const { reference, started } = launchProcess(definition, runtime, { parent: this })
    this.stage = reference
    const duplex = reference as unknown as ProducerConsumerRef<never, unknown>
    const subscribed = duplex.subscribe(this.inlet.reference as unknown as ProducerRef<never>, {
      maxDemand: highWaterMark,
      // The setup function of a stage may take any time, and streams wait for it.
      timeout: Number.POSITIVE_INFINITY,
    })
    // If the stage fails to start, the subscription ends as well; the error of the start has more information.
    subscribed.catch(() => {})
    // At once, so that it comes before the outlet is notified of the same exit with less information.
    started.catch((error: unknown) => this.listener.fail(error as Error))
    this.outlet = new Outlet(operation, duplex, listener)
  }

  /** Stops the stage as a supervisor would: at once, or through its `terminate` if it traps exits. */
  stop(reason: ExitReason): void {
    this.outlet.close()
    this.inlet.stop(isCleanExit(reason) ? 'shutdown' : reason)
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
    // Once the outlet has begun, it reports the end itself, after the last event.
    if (!this.outlet.hasBegun) this.defer(() => this.listener.fail(error))
  }
}
