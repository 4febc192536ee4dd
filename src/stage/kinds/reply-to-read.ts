import type { ProducerHalf } from '../producing/producer-half.ts'
import type { DemandMode } from '../types/references.ts'
import type { StageMessage } from './stage-message.ts'

/** Replies to a request that reads the state of a producer. Returns `false`, and has done nothing, for other messages. */
export function replyToRead(half: ProducerHalf, mode: DemandMode, message: StageMessage): boolean {
  switch (message.kind) {
    case 'read-demand-mode':
      message.body.call.reply(mode)
      return true
    case 'read-dispatcher':
      message.body.call.reply(half.dispatcherKind)
      return true
    case 'count-buffered':
      message.body.call.reply(half.estimatedCount)
      return true
    default:
      return false
  }
}
