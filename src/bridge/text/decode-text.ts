import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { boolean, matching } from '../../base/options/option-type.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import type { TextTransform } from './incoming-texts.ts'
import { defineTextStage, type TextOptions, textRows, type ValidTextOptions } from './text-stage.ts'

/** How bytes are decoded. */
export interface DecodeOptions<Options> extends TextOptions<Uint8Array, Options> {
  /** The encoding of the bytes, as `TextDecoder` names it. Default: `'utf-8'`. */
  readonly encoding?: string
  /**
   * Whether bytes that are invalid in this encoding make the stage fail, with the `TypeError` of the platform, instead
   * of becoming `'\ufffd'`. Default: `false`.
   */
  readonly fatal?: boolean
}

interface ValidDecodeOptions extends ValidTextOptions {
  readonly encoding: string
  readonly fatal: boolean
}

/** How bytes are decoded. */
export const decodeOptions: OptionTable<ValidDecodeOptions> = optionTable({
  encoding: {
    type: matching('a string', (value): value is string => typeof value === 'string'),
    default: 'utf-8',
    text: 'The encoding of the bytes, as `TextDecoder` names it.',
  },
  fatal: {
    type: boolean(),
    default: false,
    text: 'Whether bytes that are invalid in this encoding make the stage fail.',
  },
  ...textRows,
})

interface Decoder {
  decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string
}

/** The part of the global scope that is used here. */
interface DecoderPlatform {
  readonly TextDecoder: new (encoding: string, options: { readonly fatal: boolean }) => Decoder
}

const { TextDecoder } = globalThis as unknown as DecoderPlatform

/**
 * A producer-consumer that turns chunks of bytes into pieces of text.
 *
 * Characters are never split: if a chunk ends in the middle of one, its bytes wait for the next chunk. A byte order mark
 * at the beginning is removed. The chunks of each producer are a separate text, which ends when that producer exits
 * cleanly; bytes that are left then are an incomplete character.
 *
 * With several producers, the pieces of their texts alternate as they arrive. A `splitLines` that subscribes to the stage
 * keeps the texts apart; for any other reader of several texts, use one `decodeText` for each.
 *
 * @throws {TypeError | RangeError} If an option is wrong, or the platform does not know the encoding.
 */
export function decodeText<Options = {}>(
  options?: DecodeOptions<Options>,
): Stage<ProducerConsumerRef<Uint8Array, string> & OptionsTrait<Options>> {
  const { encoding, fatal, ...valid } = decodeOptions.read(options, 'the options of decodeText')
  const makeDecoder = (): Decoder => new TextDecoder(encoding, { fatal })
  // Reports a wrong encoding here, instead of when the first chunk comes.
  makeDecoder()
  const makeTransform = () => new DecodingTransform(makeDecoder()) as TextTransform<unknown>
  return defineTextStage({ operation: 'decodeText', makeTransform, emits: 'pieces' }, valid)
}

/** Whether a decoder accepts the value: a view of bytes, or a buffer, also from another realm. */
function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value))
}

class DecodingTransform implements TextTransform<Uint8Array> {
  private readonly decoder: Decoder

  constructor(decoder: Decoder) {
    this.decoder = decoder
  }

  transform(bytes: Uint8Array, out: string[]): void {
    if (!isBytes(bytes)) {
      const hint = typeof bytes === 'string' ? ' (text needs no decoding)' : ''
      throw new TypeError(`expected decodeText to receive bytes, as a Uint8Array, got: ${quote(bytes)}${hint}`)
    }
    const text = this.decoder.decode(bytes, { stream: true })
    if (text !== '') out.push(text)
  }

  finish(out: string[]): void {
    const text = this.decoder.decode()
    if (text !== '') out.push(text)
  }
}
