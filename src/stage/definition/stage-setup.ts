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

/** Makes the stage out of what a set-up gave: checks it, and throws where it is wrong. */
export type MakeStage = (process: Process, callbacks: object, members: object) => StageBehaviour

/** Callbacks that run or have run as a stage: their variables are that stage's state, and nobody else's. */
const claimed = new WeakSet<object>()

/**
 * What a stage does until it is one: runs the set-up function, and puts the stage in its own place.
 */
export class StageSetup implements Behaviour {
  private readonly process: Process
  private readonly setup: unknown
  private readonly makeStage: MakeStage

  constructor(process: Process, setup: unknown, makeStage: MakeStage) {
    this.process = process
    this.setup = setup
    this.makeStage = makeStage
  }

  init(): Progress {
    const { process, setup } = this
    if (typeof setup !== 'function') return this.install(setup)
    process.callback = 'set-up'
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
      throw new TypeError(`expected a stage's callbacks, or a function that answers them, got: ${quote(result)}`)
    }
    if (claimed.has(result)) {
      throw new TypeError(
        'expected callbacks that no stage has run before, got the same object again: make a new one for each start',
      )
    }
    claimed.add(result)
    return this.makeStage(this.process, result, readCallbacks(result))
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

/** Whether a set-up answered that the stage is not to start. */
function isStop(result: unknown): result is { readonly stop: ExitReason } {
  if (!isRecord(result)) return false
  const keys = Object.keys(result)
  return keys.length === 1 && keys[0] === 'stop'
}
