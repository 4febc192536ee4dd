import type { ExitCause } from './exit/exit-cause.ts'
import type { ExitReason } from './exit/exit-reason.ts'
import type { Linkable } from './exit/link.ts'
import { Message } from './message.ts'
import type { Process } from './process.ts'

/** A process that ended with events it had not handled or handed on. */
export interface UndoneStage {
  /** Its kind, and its name or else its id. */
  readonly label: string
  /** Its exit reason. */
  readonly reason: ExitReason
  /** What it still held, in numbers of events, by where they were. */
  readonly remaining: Readonly<Record<string, number>>
}

/** How a drain has ended. */
export interface DrainResult {
  /** The processes that ended with events left, as when the deadline had passed; empty where everything was done. */
  readonly undone: readonly UndoneStage[]
}

/**
 * One request to drain a process, and with a supervisor or a scope all that runs in it.
 *
 * It travels in the body of the `finish` message. Each process keeps the first one it gets, and reports to it at its end.
 */
export class Drain {
  /** The process or scope that was asked to drain. */
  readonly root: Linkable
  private readonly left: { readonly process: Process; readonly stage: UndoneStage }[] = []

  constructor(root: Linkable) {
    this.root = root
  }

  /**
   * Whether a process drains with the rest: a stage then takes all that it sends, instead of cancelling its
   * subscription to it.
   */
  includes(process: Process | undefined): boolean {
    return process !== undefined && isWithin(process, this.root)
  }

  /** A process that took part has ended. */
  report(process: Process, { reason }: ExitCause, held: Readonly<Record<string, number>>): void {
    if (Object.values(held).some((count) => count > 0)) {
      this.left.push({ process, stage: { label: process.label, reason, remaining: held } })
    }
  }

  /** What was left undone in a process and in all that ran in it. */
  undoneIn(root: Linkable): readonly UndoneStage[] {
    return this.left.filter(({ process }) => isWithin(process, root)).map(({ stage }) => stage)
  }
}

/** Asks a process to drain. The first request is the one it reports to; a later one may still widen what it cancels. */
export function askToDrain(process: Process, drain: Drain): void {
  process.drain ??= drain
  process.deliver(new Message('finish', '', undefined, drain))
}

function isWithin(process: Process, root: Linkable): boolean {
  let current: Linkable | undefined = process
  while (current !== undefined && current !== root) current = (current as Partial<Process>).parent
  return current === root
}
