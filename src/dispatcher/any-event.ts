/** The events of a dispatcher whose event type was not given: it fits every stage. */
// biome-ignore lint/suspicious/noExplicitAny: with `unknown`, no selector that declares the type of its parameter compiles
export type AnyEvent = any
