import { setImmediate } from 'node:timers/promises'
import { fromIterable, to } from 'genstage'
import { shuffled } from 'genstage/testing'
import { intoWritableStream } from 'genstage/web'
import { expect, test } from 'vitest'
import { launch, range } from '../../stage/test-stages.ts'

test('a WritableStream never holds more chunks than it has room for', async () => {
  await shuffled(20, async (runtime, seed) => {
    const highWaterMark = 1 + (seed % 3)
    const written: number[] = []
    let inside = 0
    let most = 0
    const web = new WritableStream<number>(
      {
        async write(chunk) {
          await setImmediate()
          written.push(chunk)
          inside--
        },
      },
      {
        highWaterMark,
        // The platform asks for the size of a chunk as it is written.
        size() {
          inside++
          most = Math.max(most, inside)
          return 1
        },
      },
    )
    const source = await launch(runtime, fromIterable(range(0, 20)))
    const sink = await launch(runtime, intoWritableStream(web, { subscribeTo: [to(source, { maxDemand: 10 })] }))
    expect(await sink.exited).toBe('normal')
    expect(written).toEqual(range(0, 20))
    expect(most).toBe(highWaterMark)
  })
})
