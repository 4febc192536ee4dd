import {
  CONCURRENCY,
  double,
  handleLater,
  keyedTallies,
  OrderedTally,
  partitionOf,
  Tally,
  tallies,
  total,
} from '../work.ts'
import type { Run, Runs } from '../workloads.ts'

function room(highWaterMark: number): CountQueuingStrategy {
  return new CountQueuingStrategy({ highWaterMark })
}

function source(count: number): ReadableStream<number> {
  let next = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (next === count) controller.close()
        else controller.enqueue(next++)
      },
    },
    room(1),
  )
}

function sink(tally: { add(event: number): void }, highWaterMark = 1): WritableStream<number> {
  return new WritableStream({ write: (event: number) => tally.add(event) }, room(highWaterMark))
}

const linear: Run = async (count) => {
  const tally = new OrderedTally()
  const middle = new TransformStream<number, number>({
    transform: (event, controller) => controller.enqueue(double(event)),
  })
  await source(count).pipeThrough(middle).pipeTo(sink(tally))
  return total(tally)
}

/** The Web's streams, as Node has them, with their default strategies. */
export const runs: Runs = {
  W1: linear,
  W2: linear,

  async W3(count) {
    const all = tallies()
    const reader = source(count).getReader()
    const take = async (tally: Tally): Promise<void> => {
      for (let read = await reader.read(); !read.done; read = await reader.read()) tally.add(read.value)
    }
    await Promise.all(all.map(take))
    return total(...all)
  },

  async W4(count) {
    const all = tallies()
    const branches = source(count)
      .tee()
      .flatMap((half) => half.tee())
    await Promise.all(branches.map((branch, index) => branch.pipeTo(sink(all[index] as Tally))))
    return total(...all)
  },

  async W5(count) {
    const all = keyedTallies()
    const writers = all.map((tally) => sink(tally, 1_000).getWriter())
    const dispatch = new WritableStream<number>({
      async write(event) {
        const writer = writers[partitionOf(event)]
        if (writer === undefined) return
        // Its promise is of no interest: an error shows at close.
        void writer.write(event)
        if ((writer.desiredSize ?? 0) <= 0) await writer.ready
      },
      async close() {
        await Promise.all(writers.map((writer) => writer.close()))
      },
    })
    await source(count).pipeTo(dispatch)
    return total(...all)
  },

  async W6(count, handle = handleLater) {
    const tally = new Tally()
    const reader = source(count).getReader()
    const take = async (): Promise<void> => {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        tally.add(await handle(read.value))
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, take))
    return total(tally)
  },
}
