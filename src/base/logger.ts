/**
 * Where the library writes what a person should know.
 *
 * Each method takes a sentence and a record with the facts in it. `console` satisfies this interface, and so do pino
 * and most loggers. What a logger throws is swallowed: it must not bring a stage down.
 */
export interface Logger {
  debug(message: string, facts: Readonly<Record<string, unknown>>): void
  info(message: string, facts: Readonly<Record<string, unknown>>): void
  warn(message: string, facts: Readonly<Record<string, unknown>>): void
  error(message: string, facts: Readonly<Record<string, unknown>>): void
}

/** The levels of a {@link Logger}, from the least to the most urgent. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
