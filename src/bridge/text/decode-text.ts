import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { boolean, matching } from '../../base/option-type.ts'
import { quote } from '../../base/quote.ts'
import type { Stage } from '../../process/start/start-types.ts'
import type { OptionsTrait } from '../../stage/types/inferred-reference.ts'
import type { ProducerConsumerRef } from '../../stage/types/references.ts'
import { defineTextStage, type TextOptions, textRows, type ValidTextOptions } from './text-stage.ts'
import type { Cutter } from './texts.ts'

/** How bytes are decoded. */
export interface DecodeOptions<Options> extends TextOptions<Uint8Array, Options> {
  /** The encoding of the bytes, as `TextDecoder` names it. Default: `'utf-8'`. */
  readonly encoding?: string
  /**
   * Whether bytes that mean nothing in this encoding make the stage fail, with the `TypeError` of the platform, instead
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
    text: 'Whether bytes that mean nothing in this encoding make the stage fail.',
  },
  ...textRows,
})

interface Decoder {
  decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string
}

/** What this file takes from the global scope. */
interface DecoderPlatform {
  readonly TextDecoder: new (encoding: string, options: { readonly fatal: boolean }) => Decoder
}

const { TextDecoder } = globalThis as unknown as DecoderPlatform

/**
 * A producer-consumer that turns chunks of bytes into pieces of text.
 *
 * It cuts no character: the bytes of one that is cut by a chunk's end wait for the next chunk. A byte order mark at the
 * beginning is left out. Each producer's chunks are a text of their own, which ends when that producer ends cleanly;
 * bytes that are left then are a character that was cut short.
 *
 * Where it has several producers, the pieces of their texts alternate as they arrive. A `splitLines` that subscribes to it
 * keeps the texts apart; for any other reader of several texts, use a `decodeText` for each of them.
 *
 * @throws {TypeError | RangeError} If an option is wrong, or the platform does not know the encoding.
 */
export function decodeText<Options = {}>(
  options?: DecodeOptions<Options>,
): Stage<ProducerConsumerRef<Uint8Array, string> & OptionsTrait<Options>> {
  const { encoding, fatal, ...valid } = decodeOptions.read(options, 'the options of decodeText')
  const makeDecoder = (): Decoder => new TextDecoder(encoding, { fatal })
  // A mistake in the encoding is found here, and not when the first chunk comes.
  makeDecoder()
  const makeCutter = () => new TextCutter(makeDecoder()) as Cutter<unknown>
  return defineTextStage({ operation: 'decodeText', makeCutter, emits: 'pieces' }, valid)
}

/** Whether a decoder takes it: a view of bytes, or the bytes themselves, also from another realm. */
function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value))
}

class TextCutter implements Cutter<Uint8Array> {
  private readonly decoder: Decoder

  constructor(decoder: Decoder) {
    this.decoder = decoder
  }

  cut(bytes: Uint8Array, out: string[]): void {
    if (!isBytes(bytes)) {
      const hint = typeof bytes === 'string' ? ' (text needs no decoding)' : ''
      throw new TypeError(`expected decodeText to get bytes, as a Uint8Array, got: ${quote(bytes)}${hint}`)
    }
    const text = this.decoder.decode(bytes, { stream: true })
    if (text !== '') out.push(text)
  }

  finish(out: string[]): void {
    const text = this.decoder.decode()
    if (text !== '') out.push(text)
  }
}
