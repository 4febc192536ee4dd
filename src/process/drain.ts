import type { ExitCause } from './exit/exit-cause.ts'
import type { Linkable } from './exit/link.ts'
import { Message } from './message.ts'
import type { UndoneStage } from './process-ref.ts'

/** A process, as far as a drain needs to know it. */
interface Drainable {
  readonly label: string
  readonly parent: Linkable | undefined
  /** The first request to drain it; undefined until one is made. */
  drain: Drain | undefined
  deliver(message: Message): void
}

/**
 * One request to drain a process; the request to a supervisor or a scope includes everything that runs in it.
 *
 * It travels in the body of the `finish` message. Each process keeps its first request and reports to it when it ends.
 */
export class Drain {
  /** The process or scope that was requested to drain. */
  readonly root: Linkable
  private readonly undone: { readonly process: Drainable; readonly stage: UndoneStage }[] = []

  constructor(root: Linkable) {
    this.root = root
  }

  /**
   * Whether a process is drained by this request. A stage handles all that such a process sends, and does not cancel its
   * subscription to it.
   */
  includes(process: Drainable | undefined): boolean {
    return process !== undefined && isWithin(process, this.root)
  }

  /** A process that takes part has ended. */
  report(process: Drainable, { reason }: ExitCause, remaining: Readonly<Record<string, number>>): void {
    if (Object.values(remaining).some((count) => count > 0)) {
      this.undone.push({ process, stage: { label: process.label, reason, remaining } })
    }
  }

  /** The processes that ended with events left, among a process and everything that ran in it. */
  undoneIn(root: Linkable): readonly UndoneStage[] {
    return this.undone.filter(({ process }) => isWithin(process, root)).map(({ stage }) => stage)
  }
}

/** Requests a process to drain. It reports to its first request; a later one may still widen what it cancels. */
export function askToDrain(process: Drainable, drain: Drain): void {
  process.drain ??= drain
  process.deliver(new Message('drain', '', undefined, drain))
}

function isWithin(process: Drainable, root: Linkable): boolean {
  let current: Linkable | Drainable | undefined = process
  while (current !== undefined && current !== root) current = (current as Partial<Drainable>).parent
  return current === root
}
