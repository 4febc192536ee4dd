import { describe, expect, test } from 'vitest'
import { consumerSupervisor, start, supervisor } from '../../../src/index.ts'
import { snapshot } from '../../../src/observe/snapshot/index.ts'
import { stageOf } from '../../../src/observe/snapshot/take-snapshot.ts'
import { treeOf } from '../../../src/observe/snapshot/tree.ts'
import { withUnits } from '../../../src/observe/snapshot/with-units.ts'
import { expectRuntime } from '../../../src/process/runtime.ts'
import { collector, counter, testRuntime } from '../../../src/testing/index.ts'
import { stage } from '../picture.ts'

const shown = (stages: Parameters<typeof withUnits>[0]) =>
  withUnits(stages).map(({ unit, role, label }) => [unit, role, label])

describe('a child of a supervisor', () => {
  test('is a part of that, called by its role where it has no name', async () => {
    const runtime = testRuntime()
    const shop = await start(
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { name: 'numbers', start: () => counter() },
          { id: 'store', start: () => collector<number>([]) },
          {
            id: 'inner',
            start: () => supervisor({ strategy: 'one-for-all', children: [{ id: 'leaf', start: counter }] }),
          },
        ],
      }),
      { runtime, name: 'shop' },
    )
    const { stages } = snapshot({ runtime })
    const inner = stages.find(({ role }) => role === 'inner')?.id
    expect(stages.map(({ unit, role, label }) => [unit, role, label])).toEqual([
      [undefined, undefined, 'supervisor shop'],
      [shop.id, 'numbers', 'producer numbers'],
      [shop.id, 'store', 'consumer shop › store'],
      [shop.id, 'inner', 'supervisor shop › inner'],
      [inner, 'leaf', 'producer shop › inner › leaf'],
    ])
    for (const { id, label, unit, role } of stages) {
      expect(stageOf(expectRuntime(runtime), id)).toMatchObject({ label, ...(unit && { unit, role }) })
    }
  })

  test('of a consumer supervisor is a part without a role', async () => {
    const runtime = testRuntime()
    const pool = await start(consumerSupervisor({ child: () => new Promise<void>(() => {}) }), {
      runtime,
      name: 'pool',
    })
    await pool.startChild(1)
    const [, child] = snapshot({ runtime }).stages
    expect(child).toMatchObject({ kind: 'task', unit: pool.id, label: `task ${child?.id}` })
    expect(child).not.toHaveProperty('role')
  })
})

describe('a process that states what it is a part of', () => {
  test('is believed, before its supervisor', () => {
    const children = [{ id: 'source', process: 'g2', kind: null, restart: 'permanent', state: 'running' } as const]
    const crew = {
      ...stage('g1', { kind: 'supervisor', name: null, unit: 'orders', role: 'crew' }),
      label: 'supervisor g1',
    }
    const part = { ...stage('g2', { name: null, unit: 'orders', role: 'processors' }), label: 'consumer g2' }
    const owned = { ...crew, supervising: { strategy: 'one-for-one', restarts: 0, children } as const }
    expect(shown([stage('orders', { kind: 'supervisor' }), owned, part])).toEqual([
      [undefined, undefined, 'supervisor orders'],
      ['orders', 'crew', 'supervisor orders › crew'],
      ['orders', 'processors', 'consumer orders › processors'],
    ])
  })

  test('is a part of nothing where that is not there, or is itself', () => {
    expect(shown([stage('a', { unit: 'unknown', role: 'x' }), stage('b', { unit: 'b', role: 'y' })])).toEqual([
      [undefined, undefined, 'consumer a'],
      [undefined, undefined, 'consumer b'],
    ])
  })

  test('has a label also where units are in a circle', () => {
    const odd = (id: string, unit: string) => ({
      ...stage(id, { name: null, unit, role: 'r' }),
      label: `consumer ${id}`,
    })
    for (const [, , label] of shown([odd('a', 'b'), odd('b', 'a')])) expect(label).toMatch(/^consumer [ab]( › r)+$/)
  })
})

test('20,000 stages, each started by the one before, are a tree that JSON carries', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) => ({
    ...stage(`${index}`),
    parent: index === 0 ? null : `${index - 1}`,
  }))
  const tree = JSON.stringify(treeOf(withUnits(chain)))
  expect(tree.match(/"id"/g)).toHaveLength(20_000)
  expect(tree.startsWith('[{"id":"0","child":null,"children":[{"id":"1"')).toBe(true)
})
