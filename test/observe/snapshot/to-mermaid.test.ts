import { expect, test } from 'vitest'
import { named, type ProducerRef, start, supervisor } from '../../../src/index.ts'
import { snapshot, toMermaid } from '../../../src/observe/snapshot/index.ts'
import { collector, counter, mapper, testRuntime } from '../../../src/testing/index.ts'
import { asking, spreader, starterIn } from '../doctor/pipelines.ts'

const small = { maxDemand: 10, minDemand: 5 }

test('stages are nodes, by kind, and subscriptions edges with flow and demand', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  const middle = await begin(
    'double',
    mapper((event: number) => 2 * event),
  )
  const sink = await begin('sink', asking(2_000, 1_000))
  await sink.subscribe(middle)
  await middle.subscribe(await begin('numbers', counter()), small)
  await start(supervisor({ strategy: 'one-for-one', children: [] }), { runtime, name: 'not drawn' })
  await runtime.advance(1_500)
  expect(toMermaid(snapshot({ runtime }))).toBe(
    [
      'flowchart LR',
      '  s1["producer-consumer double<br/>2,000 handled, 2,000 emitted"]',
      '  s2[["consumer sink<br/>2,000 handled"]]',
      '  s3(["producer numbers<br/>2,010 emitted"])',
      '  s1 -->|"2,000 sent, 0 asked for"| s2',
      '  s3 -->|"2,010 sent, 0 asked for"| s1',
      '',
    ].join('\n'),
  )
})

test('four or more that are alike are one node, with what they did in all', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  const source = await begin(
    'source',
    spreader(4, (event) => event % 4),
  )
  for (const partition of [0, 1, 2, 3]) {
    await (await begin(`worker-${partition}`, asking(5, 1_000))).subscribe(source, { partition })
  }
  await runtime.advance(1_500)
  expect(toMermaid(snapshot({ runtime }))).toContain(
    '  s2[["4 × consumer worker-…<br/>20 handled"]]\n  s1 -->|"20 sent, 0 asked for"| s2\n',
  )
})

test('three that are alike, and those whose names differ more, are drawn each by itself', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  const numbers = await begin('numbers', counter())
  for (const name of ['mail', 'file', 'log', 'w1', 'w2', 'w3'])
    await (await begin(name, asking(1, 1_000))).subscribe(numbers)
  const chart = toMermaid(snapshot({ runtime }))
  expect(chart.match(/consumer \w+</g)).toHaveLength(6)
  expect(chart.match(/-->/g)).toHaveLength(6)
})

test('stages that take from others are not alike', async () => {
  const runtime = testRuntime()
  const begin = starterIn(runtime)
  for (const number of [1, 2, 3, 4]) {
    const numbers = await begin(`numbers-${number}`, counter())
    await (await begin(`sink-${number}`, asking(1, 1_000))).subscribe(numbers)
  }
  expect(toMermaid(snapshot({ runtime })).match(/-->/g)).toHaveLength(4)
})

test('a unit is a subgraph of its parts, or one node', async () => {
  const runtime = testRuntime()
  const shop = await start(
    supervisor({
      strategy: 'rest-for-one',
      children: [
        { name: 'numbers', start: () => counter() },
        {
          id: 'inner',
          start: () =>
            supervisor({ strategy: 'one-for-one', children: [{ id: 'sink', start: () => asking(5, 1_000) }] }),
        },
      ],
    }),
    { runtime, name: 'shop' },
  )
  const [numbers, inner] = snapshot({ runtime }).stages.filter(({ unit }) => unit === shop.id)
  const audit = await start(asking(5, 1_000), { runtime, name: 'audit' })
  const ofNumbers = named<ProducerRef<number>>('numbers', { runtime })
  await audit.subscribe(ofNumbers)
  await runtime.advance(1_500)
  const seen = snapshot({ runtime })
  expect(numbers?.name).toBe('numbers')
  expect(toMermaid(seen)).toBe(
    [
      'flowchart LR',
      '  subgraph u1["supervisor shop"]',
      '    s1(["producer numbers<br/>5 emitted"])',
      '    subgraph u2["supervisor shop › inner"]',
      '      s2[["consumer shop › inner › sink<br/>0 handled"]]',
      '    end',
      '  end',
      '  s3[["consumer audit<br/>5 handled"]]',
      '  s1 -->|"5 sent, 0 asked for"| s3',
      '',
    ].join('\n'),
  )
  const closed = toMermaid(seen, { units: 'closed' })
  expect(closed).toContain('{{"supervisor shop<br/>2 stages"}}\n')
  expect(closed).toContain('  s1 -->|"5 sent, 0 asked for"| s2\n')
  expect(toMermaid(seen, { units: ['shop'] })).toContain('{{"supervisor shop › inner<br/>1 stage"}}\n')
  expect(toMermaid(seen, { units: [shop.id, inner?.id ?? ''] })).toBe(toMermaid(seen))
  expect(() => toMermaid(seen, { units: 'shut' as 'open' })).toThrow(RangeError)
  expect(() => toMermaid(seen, { unit: 'open' } as never)).toThrow(TypeError)
})

test('a name means nothing to Mermaid', async () => {
  const runtime = testRuntime()
  await starterIn(runtime)('a"] --> b & <script> `#quot;` [end]', collector<number>([]))
  const [, node] = toMermaid(snapshot({ runtime })).split('\n')
  expect(node).toBe(
    '  s1[["consumer a#34;#93; --#62; b #38; #60;script#62; #96;#35;quot;#96; #91;end#93;<br/>0 handled"]]',
  )
})

test('of nothing an empty chart is drawn', () => {
  expect(toMermaid(snapshot({ runtime: testRuntime() }))).toBe('flowchart LR\n')
})
