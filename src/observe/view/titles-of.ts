import type { Graph, GraphNode } from './graph.ts'
import { nodeLabel } from './graph.ts'

/**
 * The titles of nodes and groups, by their keys. The kind is not part of a title, because it is shown next to it.
 *
 * The title of a part within its group is its role. If two titles would be equal, ids are added to them.
 */
export function titlesOf({ nodes, groups }: Pick<Graph, 'nodes' | 'groups'>): {
  readonly nodes: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, string>
} {
  const around = new Map<string, string>()
  const groupTitles = new Map<string, string>()
  for (const { key, owner, group } of groups) {
    const title = withoutKind(owner.label, owner.kind)
    around.set(key, title)
    groupTitles.set(key, within(title, around.get(group ?? '')))
  }
  const titles = new Map(nodes.map((node) => [node.key, within(titleOf(node), around.get(node.group ?? ''))]))
  const counts = new Map<string, number>()
  const place = (node: GraphNode): string => `${node.group ?? ''} ${titles.get(node.key)}`
  for (const node of nodes) counts.set(place(node), (counts.get(place(node)) ?? 0) + 1)
  const result = new Map(
    nodes.map((node) => {
      const title = titles.get(node.key) ?? ''
      const isAlone = counts.get(place(node)) === 1 || node.isFold
      return [node.key, isAlone ? title : `${title} · ${node.key}`]
    }),
  )
  return { nodes: result, groups: groupTitles }
}

function titleOf(node: GraphNode): string {
  const kind = (node.unit ?? node.stages[0])?.kind ?? ''
  return withoutKind(nodeLabel(node), kind)
}

function withoutKind(label: string, kind: string): string {
  return (label.startsWith(kind) && label.slice(kind.length).trim()) || kind
}

function within(title: string, around: string | undefined): string {
  const prefix = `${around} › `
  return around !== undefined && title.startsWith(prefix) ? title.slice(prefix.length) : title
}
