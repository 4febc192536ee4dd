import type { ShortLivedSet } from '../base/short-lived.ts'
import type { Ending } from './exit/exit-cause.ts'
import type { Linkable } from './exit/link.ts'
import type { ProcessRuntime } from './runtime.ts'

/** The scope of a program: it surfaces every failure, once per cause, and stops nobody. */
export class ProgramScope implements Linkable {
  links: ShortLivedSet<Linkable> | undefined
  private readonly runtime: ProcessRuntime

  constructor(runtime: ProcessRuntime) {
    this.runtime = runtime
  }

  get onFailure(): 'surface' {
    return 'surface'
  }

  signalExit(_from: Linkable | undefined, ending: Ending): void {
    if (!ending.isFailure || ending.isSurfaced) return
    ending.isSurfaced = true
    this.runtime.surface(ending.toFailure())
  }
}
