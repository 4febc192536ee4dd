/**
 * Receives what the library logs for people to read.
 *
 * Each method takes a sentence and a record with the facts in it. `console` satisfies this interface, and so do pino
 * and most loggers. An error that a logger throws is ignored, because it must not stop a stage.
 */
export interface Logger {
  debug(message: string, facts: Readonly<Record<string, unknown>>): void
  info(message: string, facts: Readonly<Record<string, unknown>>): void
  warn(message: string, facts: Readonly<Record<string, unknown>>): void
  error(message: string, facts: Readonly<Record<string, unknown>>): void
}

/** The levels of a {@link Logger}, from the least to the most urgent. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
