import {
  consumer,
  named,
  type ProducerConsumerRef,
  type ProducerRef,
  producer,
  producerConsumer,
  type StageRef,
  type SupervisorRef,
  supervisor,
  to,
} from 'genstage'
import { shuffled, type TestRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { type Later, launch, range, timings } from '../stage/test-stages.ts'

/** Events of one life of the producer: its number, and theirs. */
type Event = readonly [life: number, index: number]

const PER_LIFE = 60

/**
 * The tree of GenStage's documentation: a producer A, a producer-consumer B, and four consumers under a supervisor of
 * their own. Each finds the one before it by name.
 */
class Tree {
  readonly seen: Event[] = []
  /** How often each stage has been started. */
  readonly starts = { a: 0, b: 0, c: 0 }
  readonly a: ProducerRef<Event>
  readonly b: ProducerConsumerRef<Event, Event>
  private readonly runtime: TestRuntime
  private readonly later: Later

  constructor(runtime: TestRuntime, later: Later) {
    this.runtime = runtime
    this.later = later
    this.a = named('A', { runtime })
    this.b = named('B', { runtime })
  }

  launch(): Promise<SupervisorRef> {
    return launch(
      this.runtime,
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { name: 'A', start: () => this.producer() },
          { name: 'B', start: () => this.producerConsumer() },
          { id: 'consumers', start: () => this.consumers() },
        ],
      }),
    )
  }

  /** The events of a life that have been handled, in the order of their numbers. */
  of(life: number): number[] {
    return this.seen
      .filter((event) => event[0] === life)
      .map(([, index]) => index)
      .sort((one, other) => one - other)
  }

  private producer() {
    const life = ++this.starts.a
    let next = 0
    return producer({
      handleDemand: this.later((demand: number): Event[] => {
        const first = next
        next = Math.min(next + demand, PER_LIFE)
        return range(first, next).map((index) => [life, index])
      }),
    })
  }

  private producerConsumer() {
    this.starts.b++
    return producerConsumer({
      subscribeTo: [to(this.a, { maxDemand: 10 })],
      handleEvents: this.later((events: readonly Event[]) => events),
    })
  }

  private consumers() {
    const one = () => {
      this.starts.c++
      return consumer({
        subscribeTo: [to(this.b, { maxDemand: 4 })],
        handleEvents: this.later((events: readonly Event[]) => {
          this.seen.push(...events)
        }),
      })
    }
    return supervisor({
      strategy: 'one-for-one',
      children: range(1, 5).map((place) => ({ id: `C${place}`, name: `C${place}`, start: one })),
    })
  }
}

describe.each(timings)('a supervised pipeline, with callbacks that return %s', (_name, later) => {
  test('goes on delivering when its producer is killed, again and again, with all consumers subscribed by name', async () => {
    await shuffled(30, async (runtime) => {
      const tree = new Tree(runtime, later)
      const root = await tree.launch()
      await runtime.settle()
      expect(tree.of(1)).toEqual(range(0, PER_LIFE))
      for (const life of range(2, 7)) {
        tree.a.exit('kill')
        await runtime.settle()
        expect(tree.of(life)).toEqual(range(0, PER_LIFE))
        await runtime.advance(5_001)
      }
      expect([tree.starts.a, tree.starts.b]).toEqual([6, 6])
      expect((await root.whichChildren()).every(({ ref }) => ref !== undefined)).toBe(true)
      await root.stop()
    })
  })

  test('loses only what dead hands held, when it is killed while events flow', async () => {
    await shuffled(50, async (runtime, seed) => {
      const tree = new Tree(runtime, later)
      const root = await tree.launch()
      for (const _ of range(0, seed % 11)) await Promise.resolve()
      tree.a.exit('kill')
      await runtime.settle()
      expect(tree.of(2)).toEqual(range(0, PER_LIFE))
      // Of the life that was cut short nothing was handled twice.
      expect(new Set(tree.of(1)).size).toBe(tree.of(1).length)
      await root.stop()
    })
  })

  test('goes on with the same producer when what is between it and the consumers is killed', async () => {
    await shuffled(30, async (runtime) => {
      const tree = new Tree(runtime, later)
      const root = await tree.launch()
      await runtime.settle()
      tree.b.exit('kill')
      await runtime.settle()
      expect(tree.starts).toMatchObject({ a: 1, b: 2 })
      tree.a.exit('kill')
      await runtime.settle()
      expect(tree.of(2)).toEqual(range(0, PER_LIFE))
      await root.stop()
    })
  })

  test('goes on with the others when a consumer is killed, and with that one when it has been started again', async () => {
    await shuffled(30, async (runtime) => {
      const tree = new Tree(runtime, later)
      const root = await tree.launch()
      await runtime.settle()
      for (const name of ['C1', 'C3']) named<StageRef>(name, { runtime }).exit('kill')
      await runtime.settle()
      expect(tree.starts).toEqual({ a: 1, b: 1, c: 6 })
      // All four take part in the next life.
      const before = tree.seen.length
      tree.a.exit('kill')
      await runtime.settle()
      expect(tree.seen.length - before).toBe(PER_LIFE)
      await root.stop()
    })
  })

  test('leaves nothing behind when it is stopped', async () => {
    await shuffled(30, async (runtime) => {
      const tree = new Tree(runtime, later)
      const root = await tree.launch()
      await runtime.settle()
      await root.stop()
      await runtime.settle()
      for (const name of ['A', 'B', 'C1', 'C2', 'C3', 'C4']) {
        expect([name, named<StageRef>(name, { runtime }).id]).toEqual([name, ''])
      }
    })
  })
})
