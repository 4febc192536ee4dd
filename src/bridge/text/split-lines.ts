import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { integer } from '../../base/options/option-type.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { LineTooLongError } from '../errors.ts'
import type { TextTransform } from './incoming-texts.ts'
import { defineTextStage, type TextOptions, textRows, type ValidTextOptions } from './text-stage.ts'

/** How a text is split into lines. */
export interface LineOptions<Options> extends TextOptions<string, Options> {
  /**
   * The most characters (UTF-16 code units, as `length` counts them) of a line, without its end: an integer of at least
   * 0, or `Infinity`. Default: 1,048,576. A longer line makes the stage fail with a `LineTooLongError`.
   */
  readonly maxLength?: number
}

interface ValidLineOptions extends ValidTextOptions {
  readonly maxLength: number
}

/** How a text is split into lines. */
export const lineOptions: OptionTable<ValidLineOptions> = optionTable({
  maxLength: {
    type: integer({ min: 0, infinity: true }),
    default: 1_048_576,
    unit: 'characters',
    text: 'The most characters of a line, without its end.',
  },
  ...textRows,
})

/**
 * A producer-consumer that turns pieces of text into lines, without their ends.
 *
 * A line ends with `\n` or `\r\n`. Lines are never split: if a piece ends in the middle of one, it waits for the next
 * piece. The rest when a producer exits cleanly is the last line of that producer. The pieces of each producer are a
 * separate text, and so are those of each producer upstream of a `decodeText`; lines of different texts alternate as they
 * arrive. A line that is longer than `maxLength` makes the stage fail as soon as it is that long, after the lines before
 * it, so no more than that is ever kept in memory.
 *
 * @throws {TypeError | RangeError} If an option is wrong.
 *
 * @example Lines of a text that comes in pieces
 * ```ts
 * import assert from 'node:assert/strict'
 * import { fromIterable, startLink, stream } from 'genstage'
 * import { splitLines } from 'genstage/bridge'
 *
 * const pieces = await startLink(fromIterable(['one\r', '\ntw', 'o\nthree']))
 * const lines = await startLink(splitLines({ subscribeTo: [pieces] }))
 * const seen: string[] = []
 * for await (const line of stream([lines])) seen.push(line)
 * assert.deepEqual(seen, ['one', 'two', 'three'])
 * ```
 */
export function splitLines<Options = {}>(
  options?: LineOptions<Options>,
): Stage<ProducerConsumerRef<string, string> & OptionsTrait<Options>> {
  const { maxLength, ...valid } = lineOptions.read(options, 'the options of splitLines')
  const makeTransform = () => new LineTransform(maxLength) as TextTransform<unknown>
  return defineTextStage({ operation: 'splitLines', makeTransform, emits: 'lines' }, valid)
}

class LineTransform implements TextTransform<string> {
  private readonly maxLength: number
  /** The current line so far; no longer than `maxLength`, except for a `\r` that may belong to its end. */
  private rest = ''
  /** The number of the current line, counted from 1. */
  private number = 1

  constructor(maxLength: number) {
    this.maxLength = maxLength
  }

  transform(piece: string, out: string[]): void {
    // Bytes would be converted to text, each piece by itself.
    if (typeof piece !== 'string') {
      throw new TypeError(`expected splitLines to receive text, as decodeText makes from bytes, got: ${quote(piece)}`)
    }
    let start = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      this.complete(this.rest + piece.slice(start, end), out)
      start = end + 1
    }
    this.rest += piece.slice(start)
    const { length } = this.rest
    if (length > this.maxLength + 1 || (length > this.maxLength && !this.rest.endsWith('\r'))) this.fail()
  }

  finish(out: string[]): void {
    if (this.rest.length > this.maxLength) this.fail()
    if (this.rest !== '') out.push(this.rest)
  }

  private complete(text: string, out: string[]): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.length > this.maxLength) this.fail()
    out.push(line)
    this.rest = ''
    this.number++
  }

  private fail(): never {
    throw new LineTooLongError(this.number, this.maxLength)
  }
}
