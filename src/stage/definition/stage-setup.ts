import { StartError } from '../../base/errors.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { quote } from '../../base/quote.ts'
import type { Behaviour, Progress } from '../../process/behaviour.ts'
import { thrownReason } from '../../process/exit/exit-cause.ts'
import type { ExitReason } from '../../process/exit/exit-reason.ts'
import type { Process } from '../../process/process.ts'
import { IgnoredStart, InvalidStart } from '../../process/start/start.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import { isRecord, readCallbacks } from '../callback/read-callbacks.ts'
import { LiveStageContext } from '../handles/live-stage-context.ts'
import type { StageBehaviour } from '../kinds/stage-behaviour.ts'

/**
 * Creates the stage from its callbacks and options, which it checks.
 *
 * @param callbacks The object that the callbacks are called on.
 * @param given Its callbacks and options by name.
 * @throws {TypeError | RangeError} If one of them is wrong.
 */
export type CreateStage = (process: Process, callbacks: object, given: object) => StageBehaviour

/**
 * Callbacks that a stage runs or has run with. Their variables are the state of that stage, so no other may use them.
 */
const claimed = new WeakSet<object>()

/** The behaviour of a stage until it is set up: runs the setup function, then replaces itself with the stage. */
export class StageSetup implements Behaviour {
  private readonly process: Process
  private readonly setup: unknown
  private readonly createStage: CreateStage

  constructor(process: Process, setup: unknown, createStage: CreateStage) {
    this.process = process
    this.setup = setup
    this.createStage = createStage
  }

  init(): Progress {
    const { process, setup } = this
    if (typeof setup !== 'function') return this.install(setup)
    process.callback = 'setup'
    const result: unknown = setup(new LiveStageContext(process))
    if (isThenable(result)) return process.park(result, (callbacks) => this.install(callbacks))
    return this.install(result)
  }

  private install(result: unknown): Progress {
    const { process } = this
    if (result === 'ignore') return process.stop(new IgnoredStart(process.label))
    if (isStop(result)) return process.stop(result.stop)
    let stage: StageBehaviour
    try {
      stage = this.build(result)
    } catch (mistake) {
      return process.stop(new InvalidStart(thrownReason(mistake), process.label))
    }
    process.behaviour = stage
    return stage.init()
  }

  private build(result: unknown): StageBehaviour {
    if (!isRecord(result)) {
      throw new TypeError(`expected a stage's callbacks, or a function that returns them, got: ${quote(result)}`)
    }
    if (claimed.has(result)) {
      throw new TypeError(
        'expected callbacks that no stage has run before, got the same object again: create a new one for each start',
      )
    }
    claimed.add(result)
    return this.createStage(this.process, result, readCallbacks(result))
  }

  receive(): Progress {
    throw new StartError(this.process.label, 'not set up')
  }

  terminate(): Progress {
    return 'done'
  }

  remainingEvents(): Readonly<Record<string, number>> {
    return {}
  }

  inspect(): Inspection {
    return { isBlocked: false }
  }
}

/** Whether a setup function returned `{ stop: reason }`. */
function isStop(result: unknown): result is { readonly stop: ExitReason } {
  if (!isRecord(result)) return false
  const keys = Object.keys(result)
  return keys.length === 1 && keys[0] === 'stop'
}
