import type { ValidEachOptions } from '../each/valid-each-options.ts'
import { eachOptions } from './stage-options.ts'

/** The callbacks and options that decide how events are handled. */
interface Handling extends ValidEachOptions {
  readonly handleEvents?: unknown
  readonly handleEvent?: unknown
}

/**
 * Returns the options of a stage with `handleEvent`; `undefined` for one with `handleEvents`.
 *
 * @param given What the user gave, and `options` the same, complete.
 * @throws {TypeError} If neither callback is given, or both, or an option of `handleEvent` without it.
 */
export function readEach(given: object, options: Handling): ValidEachOptions | undefined {
  const { handleEvents, handleEvent } = options
  if (handleEvent !== undefined) {
    if (handleEvents === undefined) return options
    throw new TypeError('expected either handleEvents or handleEvent, got both: keep the one that handles your events')
  }
  if (handleEvents === undefined) {
    throw new TypeError(
      'expected handleEvents to be given: a function, or handleEvent, which handles events one by one',
    )
  }
  const name = eachOptions.names.find((option) => (given as Readonly<Record<string, unknown>>)[option] !== undefined)
  if (name === undefined) return undefined
  throw new TypeError(
    `expected handleEvent to be given, because there is ${name}: got handleEvents, which takes no ${name}`,
  )
}
