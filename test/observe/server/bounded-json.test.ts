import { expect, test } from 'vitest'
import { snapshotJson, updateJson } from '../../../src/observe/server/bounded-json.ts'
import type { Snapshot, TreeNode } from '../../../src/observe/snapshot/snapshot-types.ts'
import type { PageUpdate } from '../../../src/observe/view/page-update.ts'
import { finding, picture, stage, star, subscription } from '../picture.ts'

const read = (snapshot: Snapshot) => JSON.parse(snapshotJson(snapshot)) as Snapshot
const numbered = (count: number) => Array.from({ length: count }, (_, index) => stage(`s${index}`))

test('what is not too much is sent as it is', () => {
  const snapshot = picture(star(2_000).stages, star(2_000).subscriptions)
  expect(snapshotJson(snapshot)).toBe(JSON.stringify(snapshot))
  expect(updateJson({ snapshot, findings: [] })).toBe(JSON.stringify({ snapshot, findings: [] }))
})

test('of too many stages the first are sent, with what is between them, and how many more there are', () => {
  const stages = numbered(25_010)
  const between = [subscription('s0 → s1'), subscription('s1 → s25005')]
  const tree = stages.map(({ id }): TreeNode => ({ id, child: null, children: [] }))
  const sent = read({ ...picture(stages, between), tree })
  expect(sent.stages).toHaveLength(25_000)
  expect(sent.subscriptions).toEqual([between[0]])
  expect(sent.tree).toHaveLength(25_000)
  expect(sent.omitted).toEqual({ stages: 10, subscriptions: 1 })
})

test('of stages that are too long fewer are sent', () => {
  const large = numbered(2_000).map((each) => ({ ...each, userState: 'x'.repeat(20_000) }))
  const text = updateJson({ snapshot: picture(large), findings: Array.from({ length: 2_000 }, () => finding('s0')) })
  expect(text.length).toBeLessThan(32 << 20)
  const { snapshot, findings } = JSON.parse(text) as PageUpdate
  expect(snapshot.stages.length).toBeGreaterThan(300)
  expect(snapshot.omitted?.stages).toBe(2_000 - snapshot.stages.length)
  expect(findings).toHaveLength(1_000)
})

test('one that is too long by itself is left out', () => {
  const children = Array.from({ length: 30_000 }, (_, index) => ({
    id: `child ${index}`,
    process: null,
    kind: null,
    restart: 'permanent' as const,
    state: 'stopped' as const,
  }))
  const parent = { ...stage('parent'), supervising: { strategy: 'one-for-one' as const, restarts: 0, children } }
  const sent = read(picture([parent]))
  expect(sent.stages[0]?.supervising?.children.length).toBe(25_000)
  const endless = { ...stage('endless'), label: 'x'.repeat(40 << 20) }
  expect(read(picture([endless]))).toMatchObject({ stages: [], omitted: { stages: 1 } })
})

test('a tree that is too deep for JSON is flat where it is deepest', () => {
  const stages = numbered(20_000)
  let tree: readonly TreeNode[] = []
  for (const { id } of [...stages].reverse()) tree = [{ id, child: null, children: tree }]
  const sent = read({ ...picture(stages), tree })
  let depth = 0
  for (let level = sent.tree; level.length > 0; level = level.flatMap(({ children }) => children)) depth++
  expect(depth).toBe(500)
  const count = (nodes: readonly TreeNode[]): number =>
    nodes.reduce((all, { children }) => all + 1 + count(children), 0)
  expect(count(sent.tree)).toBe(20_000)
})
