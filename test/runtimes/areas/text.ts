// Text stages and sources by callback, which need nothing but `TextDecoder`.
import { fromIterable, startLink, stream } from 'genstage'
import { decodeText, fromCallback, splitLines } from 'genstage/bridge'
import { expectEqual } from './expect-equal.ts'

const bytes = new TextEncoder().encode('grün\nzwei €\r\ndrei 🌲')
const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte))
const source = await startLink(fromIterable(pieces))
const text = await startLink(decodeText({ subscribeTo: [source] }))
const lines = await startLink(splitLines({ subscribeTo: [text] }))
const seen: string[] = []
for await (const line of stream([lines])) seen.push(line)
expectEqual(seen, ['grün', 'zwei €', 'drei 🌲'], 'text: lines of single bytes')

const prices = await startLink(
  fromCallback<number>(
    ({ emit, end }) => {
      for (let price = 1; price <= 100; price++) emit(price)
      end()
    },
    { bufferSize: 3, whenFull: 'drop-oldest', formatDiscarded: () => false },
  ),
)
expectEqual(await prices.call('discarded'), 97, 'callback: dropped')
const kept: number[] = []
for await (const price of stream([prices])) kept.push(price)
expectEqual(kept, [98, 99, 100], 'callback: kept')
console.log('ok')
