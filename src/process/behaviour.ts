import type { Inspection } from '../telemetry/inspection.ts'
import type { ExitReason } from './exit/exit-reason.ts'
import type { Message } from './message.ts'

/**
 * The state of a piece of work: `done`; `parked`, when the process resumes it later by itself; or `stopped`, when the
 * process is about to end.
 *
 * Code that receives `parked` or `stopped` returns it to its own caller. What has to follow parked work is registered
 * with `Process.afterwards` first.
 */
export type Progress = 'done' | 'parked' | 'stopped'

/** Work to do after parked work. The first continuation of a parked process receives the value of the promise. */
export type Continuation = (value: unknown) => Progress

/** The part of a behaviour that other code may call: what it shows of itself. */
export interface InspectableBehaviour {
  /** The number of events that the process still holds, by place. May run user code, and throw. */
  remainingEvents(): Readonly<Record<string, number>>
  /** The producers of these events, for a behaviour that consumes events and emits none. */
  origins?(): readonly string[]
  /** What a snapshot shows of it. May run user code, and throw. */
  inspect(): Inspection
  /** What a snapshot shows of its state, unchanged. May run user code, and throw. */
  show?(): unknown
}

/** What a process does; a stage, a supervisor and a task are behaviours. */
export interface Behaviour extends InspectableBehaviour {
  /** Sets the process up; runs in its first turn. */
  init(): Progress
  /** Handles one message. Passes kinds that it does not know to `Process.receiveSystem`. */
  receive(message: Message): Progress
  /**
   * Handles what another process has sent to an object of this behaviour, `target`: an entry of the mailbox that is no
   * message. Only for a behaviour that has given such objects to other processes.
   */
  receiveDirect?(target: object, body: unknown): Progress
  /** Runs last, unless the process is killed. */
  terminate(reason: ExitReason): Progress
  /** Runs in a turn of its own as soon as `'drain'` is delivered, also while a promise is pending. */
  onDrain?(): void
  /** Whether something thrown is how the behaviour ends after `'drain'`, and not a failure. */
  endsBy?(thrown: unknown): boolean
  /** Runs before the measurement of time ends: keeps the time for which open demand has been pending. */
  keepDemandTime?(now: number): void
}

/** The behaviour of a process that has ended. */
export const endedBehaviour: Behaviour = {
  init: () => 'done',
  receive: () => 'done',
  terminate: () => 'done',
  remainingEvents: () => ({}),
  inspect: () => ({ isBlocked: false }),
}
