import { type ConsumerContext, consumer, type Logger } from 'genstage'
import type { Untyped } from '../untyped.ts'

/** A stage that does nothing. */
export const idle = () => consumer({ handleEvents() {} })

/** A stage that writes down each message it gets. */
export const collecting = (received: unknown[]) =>
  consumer({
    handleEvents() {},
    handleInfo(message: unknown) {
      received.push(message)
    },
  })

/** A stage that calls `act` with each message, and returns its result. */
export const acting = (act: (message: Untyped, stage: ConsumerContext) => Untyped) =>
  consumer((stage) => ({
    handleEvents() {},
    handleInfo: (message: unknown) => act(message, stage),
  }))

/** Lines of a log, as `level: message`. */
export function recordingLogger(lines: string[]): Logger {
  const at =
    (level: string) =>
    (message: string): void => {
      lines.push(`${level}: ${message}`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
