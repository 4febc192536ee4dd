import fc from 'fast-check'
import { consumer, fromIterable, producerConsumer } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { launch, range } from '../test-stages.ts'

// Whatever the options, the schedule and the times: what must hold of every run.

const plans = fc.record({
  seed: fc.integer({ min: 0, max: 10_000 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  ordered: fc.boolean(),
  keys: fc.option(fc.integer({ min: 1, max: 4 })),
  rate: fc.option(
    fc.record({ limit: fc.integer({ min: 1, max: 5 }), per: fc.constant(20), burst: fc.integer({ min: 1, max: 3 }) }),
  ),
  attempts: fc.integer({ min: 1, max: 3 }),
  timeout: fc.option(fc.constantFrom(5, 15)),
  maxDemand: fc.option(fc.integer({ min: 1, max: 12 })),
  sinkDemand: fc.constantFrom(1, 3, 1_000),
  sources: fc.integer({ min: 1, max: 3 }),
  // Of each event: how long an attempt takes (0 is a plain value), and whether it fails.
  events: fc.array(fc.record({ time: fc.integer({ min: 0, max: 20 }), fails: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 30,
  }),
})

test('every event is handled or skipped, in order where asked for, and never too many at the same time', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const runtime = testRuntime({ seed: plan.seed })
      const { events, concurrency, ordered, keys, maxDemand } = plan
      const all = range(0, events.length)
      const running = new Set<number>()
      const done: number[] = []
      const skipped: number[] = []
      const begins: { readonly event: number; readonly at: number }[] = []
      const begunByKey = new Map<number, number[]>()
      const keyOf = (event: number): number => event % (keys ?? 1)
      const stage = await launch(
        runtime,
        producerConsumer({
          concurrency,
          ordered,
          ...(keys !== null && { orderBy: keyOf }),
          ...(plan.rate !== null && { rate: plan.rate }),
          ...(plan.timeout !== null && { timeout: plan.timeout }),
          retry: { attempts: plan.attempts, delay: 7 },
          onError: (_error, event) => void skipped.push(event),
          handleEvent(event: number, { attempt }) {
            begins.push({ event, at: runtime.now() })
            if (attempt === 1) begunByKey.set(keyOf(event), [...(begunByKey.get(keyOf(event)) ?? []), event])
            const { time, fails } = events[event] as (typeof events)[number]
            const finish = (): number[] => {
              running.delete(event)
              if (attempt <= fails) throw new Error('fails')
              done.push(event)
              return [event]
            }
            if (keys !== null) for (const other of running) expect(keyOf(other)).not.toBe(keyOf(event))
            running.add(event)
            // A handler that is too slow goes on after its attempt was given up, but not for this count.
            if (plan.timeout !== null && time >= plan.timeout) {
              return runtime.sleep(time).then(() => {
                running.delete(event)
                return [-1]
              })
            }
            expect(running.size).toBeLessThanOrEqual(plan.timeout === null ? concurrency : events.length)
            return time === 0 ? finish() : runtime.sleep(time).then(finish)
          },
        }),
      )
      const seen: number[] = []
      const sink = await launch(
        runtime,
        consumer({ handleEvents: (batch: readonly number[]) => void seen.push(...batch) }),
      )
      await runtime.settle(sink.subscribe(stage, { maxDemand: plan.sinkDemand }))
      const parts = range(0, plan.sources).map((part) => all.filter((event) => event % plan.sources === part))
      const options = maxDemand === null ? {} : { maxDemand }
      const sources = await Promise.all(
        parts.map((part) => launch(runtime, fromIterable(part, { demand: 'accumulate' }))),
      )
      // All at once: a stage ends with the last of the producers that it has.
      await runtime.settle(Promise.all(sources.map((source) => stage.subscribe(source, options))))
      for (const source of sources) source.demand('forward')
      await runtime.advance(100_000)
      expect(await sink.exited).toBe('normal')
      expect([...seen].sort((a, b) => a - b)).toEqual(all.filter((event) => !skipped.includes(event)))
      expect(new Set([...seen, ...skipped]).size).toBe(all.length)
      for (const part of parts) {
        const own = seen.filter((event) => part.includes(event))
        if (ordered) expect(own).toEqual([...own].sort((a, b) => a - b))
      }
      if (keys !== null && plan.sources === 1) {
        for (const order of begunByKey.values()) expect(order).toEqual([...order].sort((a, b) => a - b))
      }
      const { rate } = plan
      if (rate !== null) {
        begins.forEach(({ at: from }, first) => {
          begins.slice(first).forEach(({ at: to }, index) => {
            expect(index + 1).toBeLessThanOrEqual(rate.burst + ((to - from) * rate.limit) / rate.per + 0.1)
          })
        })
      }
    }),
    { numRuns: 300 },
  )
})
