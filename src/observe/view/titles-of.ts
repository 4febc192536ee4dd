import type { Graph, GraphNode } from './graph.ts'
import { nodeLabel } from './graph.ts'

/**
 * What nodes and frames are called where their kind is seen beside: by the keys of nodes, and of frames.
 *
 * Within its frame a part is called by its role alone. Where two would be called the same, their ids stand with them.
 */
export function titlesOf({ nodes, frames }: Pick<Graph, 'nodes' | 'frames'>): {
  readonly nodes: ReadonlyMap<string, string>
  readonly frames: ReadonlyMap<string, string>
} {
  const around = new Map<string, string>()
  const frameTitles = new Map<string, string>()
  for (const { key, owner, frame } of frames) {
    const whole = withoutKind(owner.label, owner.kind)
    around.set(key, whole)
    frameTitles.set(key, within(whole, around.get(frame ?? '')))
  }
  const titles = new Map(nodes.map((node) => [node.key, within(titleOf(node), around.get(node.frame ?? ''))]))
  const counts = new Map<string, number>()
  const place = (node: GraphNode): string => `${node.frame ?? ''} ${titles.get(node.key)}`
  for (const node of nodes) counts.set(place(node), (counts.get(place(node)) ?? 0) + 1)
  const result = new Map(
    nodes.map((node) => {
      const title = titles.get(node.key) ?? ''
      const isAlone = counts.get(place(node)) === 1 || node.isFold
      return [node.key, isAlone ? title : `${title} · ${node.key}`]
    }),
  )
  return { nodes: result, frames: frameTitles }
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
