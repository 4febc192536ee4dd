import type { ProcessRef } from '../process-ref.ts'
import type { Runtime } from '../runtime.ts'

// A key that exists only in types: it carries the type of the reference that a start gives.
declare const starts: unique symbol

/** What can be started, once: a stage, a supervisor, a task. {@link RefOf} says what starting it gives. */
export interface Stage<out Ref extends ProcessRef> {
  readonly [starts]: Ref
}

/** The reference that starting a stage gives; `S` is a stage, or a function that makes one. */
export type RefOf<S> = S extends (...args: never) => Stage<infer Ref> ? Ref : S extends Stage<infer Ref> ? Ref : never

// A key that exists only in types: what a name may be given to.
declare const names: unique symbol

/** A name that may be given to stages with such a reference. */
export interface Name<in Ref> {
  readonly [names]: (ref: Ref) => void
}

/** How a process is started. */
export interface StartOptions<in Ref> {
  /** The name to be found under, free again when the process ends. Default: none. */
  readonly name?: string | Name<Ref>
  /** The runtime to run in. Default: the program's own. */
  readonly runtime?: Runtime
  /**
   * `'capture'`: callbacks run in the async context (AsyncLocalStorage) of whoever starts the process. Default: the
   * runtime's own, so that no caller's context leaks into a callback.
   */
  readonly context?: 'capture'
}
