import type { ChurningSet } from '../../base/collections/churning.ts'
import type { ExitCause } from './exit-cause.ts'
import type { Linkable } from './link.ts'

/** The scope of a program: reports every failure as uncaught, once per cause, and stops no other process. */
export class ProgramScope implements Linkable {
  links: ChurningSet<Linkable> | undefined
  private readonly reportUncaught: (error: unknown) => void

  constructor(reportUncaught: (error: unknown) => void) {
    this.reportUncaught = reportUncaught
  }

  get onFailure(): 'report' {
    return 'report'
  }

  signalExit(_from: Linkable | undefined, cause: ExitCause): void {
    if (!cause.isFailure || cause.isReported) return
    cause.isReported = true
    this.reportUncaught(cause.toFailure())
  }
}
