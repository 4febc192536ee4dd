import { describe, expect, test } from 'vitest'
import { unitsOf } from '../../../src/observe/snapshot/unit-tree.ts'
import { cardOf } from '../../../src/observe/view/card.ts'
import { type GraphParts, graphOf, nodeLabel } from '../../../src/observe/view/graph.ts'
import { openByDefault } from '../../../src/observe/view/open-by-default.ts'
import { Timeline } from '../../../src/observe/view/timeline.ts'
import { titlesOf } from '../../../src/observe/view/titles-of.ts'
import { finding, picture, stage, subscription } from '../picture.ts'

/** `shop` supervises a chain, a supervisor of its own with two workers, and a pool that runs two tasks. */
const stages = [
  stage('shop', { kind: 'supervisor' }),
  stage('source', { kind: 'producer', unit: 'shop', role: 'source' }),
  stage('crew', { kind: 'supervisor', unit: 'shop', role: 'crew' }),
  stage('one', { kind: 'producer-consumer', unit: 'crew', role: 'one' }),
  stage('two', { kind: 'producer-consumer', unit: 'crew', role: 'two' }),
  stage('pool', { kind: 'consumer', unit: 'shop', role: 'pool' }),
  stage('job 1', { kind: 'task', unit: 'pool' }),
  stage('job 2', { kind: 'task', unit: 'pool' }),
  stage('alone'),
  stage('cleaner', { kind: 'task', unit: 'shop', role: 'cleaner' }),
]
const subscriptions = [
  subscription('source → one', { pending: 3 }),
  subscription('source → two', { pending: 4 }),
  subscription('one → pool'),
  subscription('two → pool'),
  subscription('source → alone'),
]
const parts: GraphParts = { stages, subscriptions, ended: [] }
const opening = (...open: string[]) => ({
  isOn: false,
  unfolded: new Set<string>(),
  isOpen: ({ owner }: { owner: { id: string } }) => open.includes(owner.id),
})
const drawn = (...open: string[]) => {
  const { nodes, groups, edges } = graphOf(parts, opening(...open))
  return {
    nodes: nodes.map(({ key, group }) => (group === undefined ? key : `${group}/${key}`)),
    groups: groups.map(({ key, group }) => (group === undefined ? key : `${group}/${key}`)),
    edges: edges.map(({ from, to }) => `${from} → ${to}`),
  }
}

describe('a unit', () => {
  test('is one node while it is closed, with the subscriptions that cross its border', () => {
    expect(drawn()).toEqual({ nodes: ['shop', 'alone'], groups: [], edges: ['shop → shop', 'shop → alone'] })
    const [shop] = graphOf(parts, opening()).nodes
    expect(shop?.stages.map(({ id }) => id)).toEqual(['source', 'one', 'two', 'pool', 'job 1', 'job 2'])
    expect(nodeLabel(shop!)).toBe('supervisor shop')
  })

  test('is a group around its parts while it is open, and inner ones are nodes in it', () => {
    expect(drawn('shop')).toEqual({
      nodes: ['shop/source', 'shop/crew', 'shop/pool', 'alone'],
      groups: ['shop'],
      edges: ['source → crew', 'crew → pool', 'source → alone'],
    })
    const { edges } = graphOf(parts, opening('shop'))
    expect(edges[0]?.subscriptions.map(({ pending }) => pending)).toEqual([3, 4])
  })

  test('opens within another that is open, and not within one that is closed', () => {
    expect(drawn('shop', 'crew').groups).toEqual(['shop', 'shop/crew'])
    expect(drawn('shop', 'crew').nodes).toEqual(['shop/source', 'crew/one', 'crew/two', 'shop/pool', 'alone'])
    expect(drawn('crew')).toEqual(drawn())
  })

  test('whose owner is a stage itself has the owner and its children in it', () => {
    expect(drawn('shop', 'pool').nodes).toEqual([
      'shop/source',
      'shop/crew',
      'pool/pool',
      'pool/job 1',
      'pool/job 2',
      'alone',
    ])
  })

  test('is found by each process that is in it', () => {
    const { nodeOf } = graphOf(parts, opening('shop'))
    expect(['crew', 'one', 'two', 'pool', 'job 2', 'source'].map((id) => nodeOf.get(id))).toEqual([
      'crew',
      'crew',
      'crew',
      'pool',
      'pool',
      'source',
    ])
  })

  test('folds with others that are like it', () => {
    const many = [1, 2, 3].flatMap((number) => [
      stage(`tenant ${number}`, { kind: 'supervisor' }),
      stage(`in ${number}`, { kind: 'producer', unit: `tenant ${number}` }),
      stage(`out ${number}`, { unit: `tenant ${number}` }),
    ])
    const { nodes } = graphOf({ stages: many, subscriptions: [], ended: [] }, { ...opening(), isOn: true })
    expect(nodes.map(({ key, count, stages: own }) => [key, count, own.length])).toEqual([
      ['supervisor tenant #', 3, 6],
    ])
  })

  test('that is folded only with stages of the same group', () => {
    const many = ['a', 'b'].flatMap((unit) => [
      stage(unit, { kind: 'supervisor' }),
      ...[1, 2, 3].map((number) => stage(`${unit}${number}`, { name: `worker ${number}`, unit })),
    ])
    const { nodes } = graphOf({ stages: many, subscriptions: [], ended: [] }, { ...opening('a', 'b'), isOn: true })
    expect(nodes.map(({ group, count }) => [group, count])).toEqual([
      ['a', 3],
      ['b', 3],
    ])
  })

  test('that is unknown, its own, or in a circle is none', () => {
    const odd = [
      stage('a', { unit: 'unknown' }),
      stage('b', { unit: 'b' }),
      stage('c', { unit: 'd' }),
      stage('d', { unit: 'c' }),
    ]
    const { nodes } = graphOf({ stages: odd, subscriptions: [], ended: [] }, opening('a', 'b', 'c', 'd'))
    expect(nodes.map(({ key }) => key).sort()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('units are open by default', () => {
  const open = (given: typeof stages) => [...openByDefault(unitsOf(given, subscriptions))]

  test('but for those whose owner is a stage itself', () => {
    expect(open(stages)).toEqual(['shop', 'crew'])
  })

  test('while few nodes are seen', () => {
    const words = ['north', 'south', 'east', 'west', 'up', 'down', 'left', 'right']
    const tenants = words.flatMap((word) => [
      stage(word, { kind: 'supervisor', unit: 'all' }),
      ...['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map((name) => stage(`${word} ${name}`, { unit: word })),
    ])
    expect(open([stage('all', { kind: 'supervisor' }), ...tenants])).toEqual(['all', 'north', 'south', 'east', 'west'])
  })

  test('and alike parts count as one', () => {
    const workers = Array.from({ length: 200 }, (_, number) => stage(`worker ${number}`, { unit: 'b' }))
    const two = [stage('a', { kind: 'supervisor' }), stage('x', { unit: 'a' }), stage('b', { kind: 'supervisor' })]
    expect(open([...two, ...workers])).toEqual(['a', 'b'])
  })
})

describe('the card of a unit', () => {
  const at = (time: number) =>
    picture(
      stages.map((each) => {
        if (each.id === 'two') return { ...each, busy: time * 900 }
        if (each.kind === 'task') return { ...each, busy: time * 800 }
        if (each.producing !== undefined && each.consuming === undefined)
          return { ...each, producing: { ...each.producing, emitted: time } }
        if (each.id === 'pool') return { ...each, consuming: { ...each.consuming!, handled: time / 2 } }
        return each
      }),
      subscriptions,
      { time },
    )

  test('has what goes in and out, its busiest stage, and the worst that was found in it', () => {
    const timeline = new Timeline()
    timeline.add(at(0))
    timeline.add(at(2_000))
    const [shop] = graphOf(parts, opening()).nodes
    const card = cardOf(shop!, 'shop', timeline, [finding('one', { severity: 'problem' })], subscriptions)
    expect(card).toMatchObject({ kind: 'supervisor', content: '6 parts', isUnit: true, busy: 0.9, severity: 'problem' })
    expect(card.flow).toBe('1,000 → 500')
    expect(card.label).toMatch(/^supervisor shop, 6 parts, /)
  })

  test('whose owner is a stage is as busy as that', () => {
    const timeline = new Timeline()
    timeline.add(at(0))
    timeline.add(at(2_000))
    const pool = graphOf(parts, opening('shop')).nodes.find(({ key }) => key === 'pool')
    const card = cardOf(pool!, 'pool', timeline, [], subscriptions)
    expect(card).toMatchObject({ content: '2 parts', busy: 0, flow: '500' })
  })
})

test('parts are called by their roles within their group, and by their ids where two have one role', () => {
  const unnamed = (id: string, role: string) => ({
    ...stage(id, { name: null, unit: 'orders', role }),
    label: `consumer orders › ${role}`,
  })
  const given = [
    stage('orders', { kind: 'supervisor' }),
    unnamed('g1', 'batcher db'),
    unnamed('g2', 'processors'),
    unnamed('g3', 'processors'),
  ]
  const titles = (...open: string[]) => {
    const { nodes } = titlesOf(graphOf({ stages: given, subscriptions: [], ended: [] }, opening(...open)))
    return [...nodes.values()]
  }
  expect(titles('orders')).toEqual(['batcher db', 'processors · g2', 'processors · g3'])
  expect(titles()).toEqual(['orders'])
})
