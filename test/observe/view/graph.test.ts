import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alikeKeys } from '../../../src/observe/view/alike.ts'
import { branchesOf } from '../../../src/observe/view/branches.ts'
import { type GraphParts, graphOf, hasEnded } from '../../../src/observe/view/graph.ts'
import { picture, stage, star, subscription } from '../picture.ts'

const folded = { isOn: true, unfolded: new Set<string>() }
const unfolded = { isOn: false, unfolded: new Set<string>() }

const parts = (given: Partial<GraphParts>): GraphParts => ({ stages: [], subscriptions: [], ended: [], ...given })

describe('alike are stages', () => {
  const folds = (given: Pick<GraphParts, 'stages' | 'subscriptions'>): string[][] => {
    const byKey = new Map<string, string[]>()
    for (const [id, key] of alikeKeys(given.stages, given.subscriptions))
      byKey.set(key, [...(byKey.get(key) ?? []), id])
    return [...byKey.values()].filter(({ length }) => length > 1)
  }

  test('of one kind with the same producers and consumers, whose names differ in numbers', () => {
    expect(folds(star(3))).toEqual([['worker 0', 'worker 1', 'worker 2']])
  })

  test('in chains beside one another', () => {
    const chains = [0, 1, 2].map((number) => [`fetch ${number}`, `parse ${number}`] as const)
    const stages = [
      stage('source', { kind: 'producer' }),
      ...chains.flatMap(([fetch, parse]) => [stage(fetch, { kind: 'producer-consumer' }), stage(parse)]),
    ]
    const subscriptions = chains.flatMap(([fetch, parse]) => [
      subscription(`source → ${fetch}`),
      subscription(`${fetch} → ${parse}`),
    ])
    expect(folds({ stages, subscriptions })).toEqual([
      ['fetch 0', 'fetch 1', 'fetch 2'],
      ['parse 0', 'parse 1', 'parse 2'],
    ])
  })

  test('but not those with another name, another kind or other producers', () => {
    const stages = [
      stage('one', { kind: 'producer' }),
      stage('two', { kind: 'producer' }),
      stage('a 1'),
      stage('a 2'),
      stage('b 1'),
      stage('c 1', { kind: 'producer-consumer' }),
    ]
    const subscriptions = [
      subscription('one → a 1'),
      subscription('two → a 2'),
      subscription('one → b 1'),
      subscription('one → c 1'),
    ]
    expect(folds({ stages, subscriptions })).toEqual([])
  })

  test('also without names, also in a circle', () => {
    const stages = ['x', 'y', 'z'].map((id) => stage(id, { kind: 'producer-consumer', name: null }))
    const subscriptions = [subscription('x → y'), subscription('y → z'), subscription('z → x')]
    expect(folds({ stages, subscriptions })).toEqual([['x', 'y', 'z']])
  })

  test('so that no further comparison would split them, whatever the graph', () => {
    /** Splits all of them by all of their neighbours, until that changes nothing. */
    const slowly = (stages: GraphParts['stages'], subscriptions: GraphParts['subscriptions']): Map<string, string> => {
      let classes = new Map(stages.map(({ id }) => [id, '0']))
      for (let known = 0; new Set(classes.values()).size > known; ) {
        known = new Set(classes.values()).size
        const of = (ids: readonly string[]) =>
          [...new Set(ids.map((id) => Number(classes.get(id))))].sort((a, b) => a - b).join()
        const next = new Map<string, string>()
        for (const { id } of stages) {
          const producers = subscriptions.filter(({ consumer }) => consumer === id).map(({ producer }) => producer)
          const consumers = subscriptions.filter(({ producer }) => producer === id).map(({ consumer }) => consumer)
          next.set(id, `${classes.get(id)}<${of(producers)}>${of(consumers)}`)
        }
        const numbers = new Map([...new Set(next.values())].map((signature, index) => [signature, String(index)]))
        classes = new Map([...next].map(([id, signature]) => [id, numbers.get(signature) ?? '']))
      }
      return classes
    }
    const classesOf = (keys: ReadonlyMap<string, string>): string => {
      const numbers = new Map([...new Set(keys.values())].map((key, index) => [key, index]))
      return [...keys.values()].map((key) => numbers.get(key)).join()
    }
    const arbitrary = fc.array(fc.tuple(fc.nat({ max: 11 }), fc.nat({ max: 11 })), { maxLength: 24 })
    fc.assert(
      fc.property(arbitrary, (pairs) => {
        const stages = Array.from({ length: 12 }, (_, index) => stage(`${index}`, { name: null }))
        const subscriptions = pairs.map(([from, to], index) => subscription(`${from} → ${to}`, { tag: `${index}` }))
        expect(classesOf(alikeKeys(stages, subscriptions))).toBe(classesOf(slowly(stages, subscriptions)))
      }),
      { numRuns: 300 },
    )
  })

  test('also in a chain of 20,000, in a time that is not its square', () => {
    const stages = Array.from({ length: 20_000 }, (_, index) => stage(`step ${index}`, { kind: 'producer-consumer' }))
    const subscriptions = stages.slice(1).map((_, index) => subscription(`step ${index} → step ${index + 1}`))
    const started = process.cpuUsage().user
    expect(folds({ stages, subscriptions })).toEqual([])
    expect((process.cpuUsage().user - started) / 1_000_000).toBeLessThan(5)
  }, 60_000)

  test('by a key that does not change when others come', () => {
    const { stages, subscriptions } = star(3)
    const before = alikeKeys(stages, subscriptions).get('worker 1')
    const more = alikeKeys([...stages, stage('other')], [...subscriptions, subscription('sink → other')])
    expect(more.get('worker 1')).toBe(before)
  })
})

describe('the graph', () => {
  test('has a node for each stage and an edge for each subscription', () => {
    const graph = graphOf(parts(star(2)), unfolded)
    expect(graph.nodes.map(({ key }) => key)).toEqual(['source', 'worker 0', 'worker 1', 'sink'])
    expect(graph.edges.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'source → worker 0',
      'worker 0 → sink',
      'source → worker 1',
      'worker 1 → sink',
    ])
  })

  test('has no supervisors, unless they take events', () => {
    const stages = [stage('top', { kind: 'supervisor' }), stage('a')]
    expect(graphOf(parts({ stages }), unfolded).nodes.map(({ key }) => key)).toEqual(['a'])
  })

  test('folds two hundred alike stages into one node, and their subscriptions into one edge', () => {
    const graph = graphOf(parts(star(200)), folded)
    expect(graph.nodes.map(({ key, stages }) => [key, stages.length])).toEqual([
      ['source', 1],
      ['producer-consumer worker #', 200],
      ['sink', 1],
    ])
    expect(graph.edges.map(({ subscriptions }) => subscriptions.length)).toEqual([200, 200])
    expect(graph.nodeOf.get('worker 7')).toBe('producer-consumer worker #')
  })

  test('unfolds some alike stages and leaves others folded', () => {
    const { stages, subscriptions } = star(5)
    const others = [1, 2, 3].map((number) => stage(`lone ${number}`))
    const all = parts({ stages: [...stages, ...others], subscriptions })
    const graph = graphOf(all, { isOn: true, unfolded: new Set(['producer-consumer worker #']) })
    expect(graph.nodes).toHaveLength(1 + 5 + 1 + 1)
    expect(graph.nodes.find(({ key }) => key === 'worker 3')?.foldKey).toBe('producer-consumer worker #')
  })

  test('keeps a stage that has ended, with its edges, in its fold too', () => {
    const { stages, subscriptions } = star(4)
    const stopped = stages.find(({ id }) => id === 'worker 2')!
    const ofStopped = subscriptions.filter(({ tag }) => tag.includes('worker 2'))
    const rest = {
      stages: stages.filter((each) => each !== stopped),
      subscriptions: subscriptions.filter((each) => !ofStopped.includes(each)),
      ended: [{ stage: stopped, subscriptions: ofStopped, endedAt: 0 }],
    }
    const open = graphOf(rest, unfolded)
    expect(open.nodes.filter(hasEnded).map(({ key }) => key)).toEqual(['worker 2'])
    expect(open.edges.filter(({ isEnded }) => isEnded)).toHaveLength(2)
    const fold = graphOf(rest, folded).nodes.find(({ isFold }) => isFold)
    expect([fold?.stages.length, fold?.ended.size]).toEqual([4, 1])
  })
})

describe('the supervision tree', () => {
  test('shows many alike children as one line, and few one by one', () => {
    const children = (count: number, name: string) =>
      Array.from({ length: count }, (_, index) => ({ id: `${name} ${index}`, child: null, children: [] }))
    const all = [...children(20, 'many'), ...children(2, 'few')]
    const stages = [stage('top', { kind: 'supervisor' }), ...all.map(({ id }) => stage(id))]
    const [top] = branchesOf({ ...picture(stages), tree: [{ id: 'top', child: null, children: all }] })
    expect(top?.branches.map(({ text, count }) => [text, count])).toEqual([
      ['consumer many #', 20],
      ['consumer few 0', 1],
      ['consumer few 1', 1],
    ])
  })

  test('shows a child that does not run', () => {
    const [line] = branchesOf({ stages: [], tree: [{ id: null, child: 'printer', children: [] }] })
    expect(line).toMatchObject({ text: 'printer', state: 'not running', id: undefined })
  })

  test('is empty where nothing is supervised', () => {
    const tree = [{ id: 'a', child: null, children: [{ id: 'b', child: null, children: [] }] }]
    expect(branchesOf({ ...picture([stage('a'), stage('b')]), tree })).toEqual([])
  })
})
