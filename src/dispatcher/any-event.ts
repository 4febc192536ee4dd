/** The events of a dispatcher that was made without saying which: it fits every stage. */
// biome-ignore lint/suspicious/noExplicitAny: with `unknown`, no selector that says what it expects compiles
export type AnyEvent = any
