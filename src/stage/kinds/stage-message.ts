import type { Request } from '../../process/call.ts'
import type { Drain } from '../../process/drain.ts'
import type { ExitCause } from '../../process/exit/exit-cause.ts'
import type { Message } from '../../process/message.ts'
import type { ProcessMonitor } from '../../process/monitor.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { UserRequest } from '../callback/find-handler.ts'
import type { AskMessage, CancelledMessage, CancelMessage, EventsMessage, SubscribeMessage } from '../protocol.ts'
import type { SubscribeRequest } from '../subscription/subscribe-request.ts'
import type { DemandMode } from '../types/references.ts'

/** All messages that a stage may receive: those of the protocol, those of users, and those of its own references. */
export type StageMessage =
  | EventsMessage
  | AskMessage
  | SubscribeMessage
  | CancelMessage
  | CancelledMessage
  /** For `handleInfo`. */
  | Message<'message'>
  | Message<'call', Request<UserRequest>>
  | Message<'cast', UserRequest>
  /** The producer of a subscription, a subscriber, or a process that user code monitors has exited. */
  | Message<'producer-down' | 'subscriber-down' | 'down', ProcessMonitor>
  /** An exit signal that the stage traps. */
  | Message<'exit', { readonly from: ProcessRef | undefined; readonly cause: ExitCause }>
  /** `subscribe` of a reference, and of the stage's own context. */
  | Message<'subscribe-call', Request<SubscribeRequest>>
  | Message<'subscribe-self', SubscribeRequest>
  /** `info` of a reference, and of the stage's own context. */
  | Message<'queue-info', Request>
  | Message<'queue-info-self'>
  | Message<'set-demand-mode', DemandMode>
  | Message<'read-demand-mode' | 'read-dispatcher' | 'count-buffered', Request>
  | Message<'drain', Drain>
  | Message<'stop' | 'parent-exit'>
