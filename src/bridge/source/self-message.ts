import type { ExitReason } from '../../process/exit/exit-reason.ts'

/** What a message of a stage's own brings: events to send out, and whether the stage then stops. */
export interface Result {
  readonly events?: readonly unknown[]
  readonly stop?: ExitReason
}

/** What a stage of the bridges sends itself from outside of its callbacks; a class, so that nobody else can send it. */
export class SelfMessage {
  readonly run: () => Result

  constructor(run: () => Result) {
    this.run = run
  }
}

/** The `handleInfo` of such a stage; to what somebody else sends it has nothing to say. */
export function runOwnMessage(message: unknown): Result {
  return message instanceof SelfMessage ? message.run() : {}
}
