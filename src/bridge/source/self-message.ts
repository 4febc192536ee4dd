import type { ExitReason } from '../../process/exit/exit-reason.ts'

/** What a message of a stage to itself results in: events to emit, and whether the stage then stops. */
export interface SelfMessageResult {
  readonly events?: readonly unknown[]
  readonly stop?: ExitReason
}

/** A message that a stage of the bridges sends itself from outside its callbacks. A class, so that no other code can send it. */
export class SelfMessage {
  readonly run: () => SelfMessageResult

  constructor(run: () => SelfMessageResult) {
    this.run = run
  }
}

/** The `handleInfo` of such a stage; it ignores messages of other processes. */
export function runSelfMessage(message: unknown): SelfMessageResult {
  return message instanceof SelfMessage ? message.run() : {}
}
