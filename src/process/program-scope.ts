import type { ShortLivedSet } from '../base/short-lived.ts'
import type { ExitCause } from './exit/exit-cause.ts'
import type { Linkable } from './exit/link.ts'
import type { ProcessRuntime } from './runtime.ts'

/** The scope of a program: it surfaces every failure, once per cause, and stops nobody. */
export class ProgramScope implements Linkable {
  links: ShortLivedSet<Linkable> | undefined
  private readonly runtime: ProcessRuntime

  constructor(runtime: ProcessRuntime) {
    this.runtime = runtime
  }

  get onFailure(): 'report' {
    return 'report'
  }

  signalExit(_from: Linkable | undefined, cause: ExitCause): void {
    if (!cause.isFailure || cause.isReported) return
    cause.isReported = true
    this.runtime.reportUncaught(cause.toFailure())
  }
}
