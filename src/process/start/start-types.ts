import type { ProcessRef } from '../process-ref.ts'
import type { Runtime } from '../runtime.ts'

// A key that exists only in types. It carries the type of the reference that a start resolves with.
declare const starts: unique symbol

/** What can be started, once: a stage, a supervisor, a task. {@link RefOf} is the type of the reference to it. */
export interface Stage<out Ref extends ProcessRef> {
  readonly [starts]: Ref
}

/** The reference that starting a stage resolves with. `S` is a stage, or a function that creates one. */
export type RefOf<S> = S extends (...args: never) => Stage<infer Ref> ? Ref : S extends Stage<infer Ref> ? Ref : never

// A key that exists only in types. It carries the type of the references that a name may be given to.
declare const names: unique symbol

/** A name that may be given to stages with such a reference. */
export interface Name<in Ref> {
  readonly [names]: (ref: Ref) => void
}

/** The options of a start. */
export interface StartOptions<in Ref> {
  /** The name of the process, which is free again when the process ends. Default: none. */
  readonly name?: string | Name<Ref>
  /** The runtime to run in. Default: the program's own. */
  readonly runtime?: Runtime
  /**
   * `'capture'`: callbacks run in the async context (AsyncLocalStorage) of the caller of the start. Default: the context
   * of the runtime, so that no context of a caller leaks into a callback.
   */
  readonly context?: 'capture'
}
