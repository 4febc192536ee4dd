import { consumer, fromIterable } from 'genstage'
import { snapshot } from 'genstage/snapshot'
import { testRuntime } from 'genstage/testing'
import { expect, test } from 'vitest'
import { factsOf } from '../../../src/observe/view/facts.ts'
import { launch, range } from '../../stage/test-stages.ts'

test('the facts about a stage with handleEvent show what its events wait for', async () => {
  const runtime = testRuntime()
  const source = await launch(runtime, fromIterable(range(0, 20)))
  const sink = await launch(
    runtime,
    consumer({
      concurrency: 2,
      orderBy: (event: number) => event % 2,
      retry: { attempts: 2, delay: 1_000, jitter: 'none' },
      async handleEvent(event) {
        if (event === 0) throw new Error('busy')
        await runtime.sleep(100)
      },
    }),
  )
  await runtime.settle(sink.subscribe(source, { maxDemand: 6 }))
  const { stages, time } = snapshot({ runtime })
  const stage = stages.find(({ id }) => id === sink.id)
  if (stage === undefined) throw new Error('expected the stage to be in the snapshot')
  const facts = new Map(factsOf(stage, { busy: null, handled: null, emitted: null }, time))
  expect(facts.get('at a time')).toBe('1 of 2')
  expect(facts.get('in the queue')).toBe('4 for a key, 1 for a retry')
  expect(facts.get('retried')).toBe('1 attempt')
})
