import type { Graph, GraphNode } from './graph.ts'
import { nodeLabel } from './graph.ts'

/**
 * What nodes and groups are called where their kind is seen beside: by the keys of nodes, and of groups.
 *
 * Within its group a part is called by its role alone. Where two would be called the same, their ids stand with them.
 */
export function titlesOf({ nodes, groups }: Pick<Graph, 'nodes' | 'groups'>): {
  readonly nodes: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, string>
} {
  const around = new Map<string, string>()
  const groupTitles = new Map<string, string>()
  for (const { key, owner, group } of groups) {
    const whole = withoutKind(owner.label, owner.kind)
    around.set(key, whole)
    groupTitles.set(key, within(whole, around.get(group ?? '')))
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
