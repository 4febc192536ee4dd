import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { integer } from '../../base/option-type.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { LineTooLongError } from '../errors.ts'
import { defineTextStage, type TextOptions, textRows, type ValidTextOptions } from './text-stage.ts'
import type { Cutter } from './texts.ts'

/** How a text is split into lines. */
export interface LineOptions<Options> extends TextOptions<string, Options> {
  /**
   * How many characters (UTF-16 code units, as `length` counts them) a line may have, its end not counted: an integer of
   * at least 0, or `Infinity`. Default: 1,048,576. A longer one makes the stage fail with a `LineTooLongError`.
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
    text: 'How long a line may be.',
  },
  ...textRows,
})

/**
 * A producer-consumer that turns pieces of text into lines, without their ends.
 *
 * A line ends with `\n` or `\r\n`. It cuts no line: one that is cut by a piece's end waits for the next piece, and what is
 * left when a producer ends cleanly is that producer's last line. Each producer's pieces are a separate text, and
 * so is each producer's behind a `decodeText`; lines of different texts alternate as they arrive. A line that is longer than `maxLength` makes the
 * stage fail as soon as that is seen, after the lines before it; so no more than that is ever kept.
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
  const makeCutter = () => new LineCutter(maxLength) as Cutter<unknown>
  return defineTextStage({ operation: 'splitLines', makeCutter, emits: 'lines' }, valid)
}

class LineCutter implements Cutter<string> {
  private readonly maxLength: number
  /** What has come of the present line; no longer than `maxLength`, but for a `\r` that may belong to its end. */
  private rest = ''
  /** The present line, counted from 1. */
  private number = 1

  constructor(maxLength: number) {
    this.maxLength = maxLength
  }

  cut(piece: string, out: string[]): void {
    // Bytes would pass for text, and be decoded piece by piece.
    if (typeof piece !== 'string') {
      throw new TypeError(`expected splitLines to get text, as decodeText makes it of bytes, got: ${quote(piece)}`)
    }
    let start = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      this.complete(this.rest + piece.slice(start, end), out)
      start = end + 1
    }
    this.rest += piece.slice(start)
    const { length } = this.rest
    if (length > this.maxLength + 1 || (length > this.maxLength && !this.rest.endsWith('\r'))) this.refuse()
  }

  finish(out: string[]): void {
    if (this.rest.length > this.maxLength) this.refuse()
    if (this.rest !== '') out.push(this.rest)
  }

  private complete(text: string, out: string[]): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.length > this.maxLength) this.refuse()
    out.push(line)
    this.rest = ''
    this.number++
  }

  private refuse(): never {
    throw new LineTooLongError(this.number, this.maxLength)
  }
}
