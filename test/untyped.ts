/** What no compiler has looked at. */
// biome-ignore lint/suspicious/noExplicitAny: here it is said once, for tests that do what a compiler would refuse
export type Untyped = any

/** Takes the type off a value, as JavaScript does. */
export const untyped = (value: unknown): Untyped => value
