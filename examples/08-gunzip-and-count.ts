// Gunzips a file and counts its lines. Reading is no faster than counting, and no line is cut at the end of a chunk.
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip, gzipSync } from 'node:zlib'
import { consumer, createScope, type StageFailure } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { fromReadable } from 'genstage/node'

const Count = () => {
  let [count, longest] = [0, '']
  return consumer({
    handleEvents(lines: readonly string[]) {
      count += lines.length
      for (const line of lines) if (line.length > longest.length) longest = line
    },
    terminate(reason) {
      if (reason === 'normal') console.log(`${count} lines, the longest: ${longest}`)
    },
  })
}

async function countLines(path: string) {
  const unzipped = createGunzip()
  // Passes on an error of the file, with which the stages then fail.
  pipeline(createReadStream(path), unzipped, () => {})

  const scope = createScope()
  const bytes = await scope.startLink(fromReadable(unzipped), { name: 'bytes' })
  const text = await scope.startLink(decodeText())
  const lines = await scope.startLink(splitLines())
  const count = await scope.startLink(Count())
  await count.subscribe(lines)
  await lines.subscribe(text, { maxDemand: 10 })
  await text.subscribe(bytes, { maxDemand: 10 }) // chunks of 16 KiB
  await count.exited
  await scope[Symbol.asyncDispose]()
  await scope.done // rejects if a stage has failed
}

const folder = await mkdtemp(join(tmpdir(), 'lines-'))
try {
  const text = Array.from({ length: 200_000 }, (_, index) => `line ${index}${index === 123_456 ? ', größer' : ''}\n`)
  await writeFile(join(folder, 'lines.gz'), gzipSync(text.join('')))
  await countLines(join(folder, 'lines.gz'))
  await countLines(join(folder, 'missing.gz')).catch(({ message }: StageFailure) => console.log(message.split(',')[0]))
} finally {
  await rm(folder, { recursive: true })
}

/* prints:
200000 lines, the longest: line 123456, größer
producer bytes failed: ENOENT: no such file or directory
*/
