import { targetsOf } from './layers.ts'
import { librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { circlesOfTypes } from './rooms.ts'
import { moduleReferences } from './syntax.ts'

type Graph = ReadonlyMap<string, readonly string[]>

/** No file imports itself by a detour, of values or of types; the exceptions are named in `rooms.ts`. */
export const noCirclesOfImports: Rule = (files) => {
  const graph = importsOf(librarySources(files))
  return knotsOf(graph).map((knot) => {
    const way = shortestCircle(graph, knot)
    const others = knot.length > way.length - 1 ? ` (${knot.length} files hang together: ${knot.join(', ')})` : ''
    return (
      `${way[0]}: imports itself in a circle, ${way.join(' -> ')}${others}: ` +
      'move the shared part into a file of its own, or pass it in as an argument; an import of types counts, too'
    )
  })
}

function importsOf(files: readonly ProjectFile[]): Graph {
  const graph = new Map<string, string[]>()
  for (const file of files) {
    const targets = moduleReferences(file).flatMap((reference) =>
      targetsOf(file, reference).filter((target) => !(reference.typeOnly && isExcepted(file.path, target))),
    )
    graph.set(file.path, [...new Set(targets)])
  }
  return graph
}

function isExcepted(from: string, to: string): boolean {
  return circlesOfTypes.some((circle) => circle.includes(from) && circle.includes(to))
}

/** Finds the sets of files of which each reaches all others, by Tarjan's algorithm; sorted. */
function knotsOf(graph: Graph): string[][] {
  const knots: string[][] = []
  const visited = new Map<string, { readonly index: number; low: number; isOpen: boolean }>()
  const open: string[] = []
  const visit = (file: string): number => {
    const index = visited.size
    const state = { index, low: index, isOpen: true }
    visited.set(file, state)
    open.push(file)
    for (const next of graph.get(file) ?? []) {
      const reached = visited.get(next)
      if (reached === undefined) state.low = Math.min(state.low, visit(next))
      else if (reached.isOpen) state.low = Math.min(state.low, reached.index)
    }
    if (state.low === index) {
      const knot = open.splice(open.indexOf(file))
      for (const member of knot) visited.set(member, { ...(visited.get(member) ?? state), isOpen: false })
      if (knot.length > 1 || graph.get(file)?.includes(file) === true) knots.push(knot.sort())
    }
    return state.low
  }
  for (const file of graph.keys()) if (!visited.has(file)) visit(file)
  return knots.sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
}

/** The shortest way from the first file of a knot that has one this short, back to itself. */
function shortestCircle(graph: Graph, knot: readonly string[]): string[] {
  const ways = knot.map((file) => shortestWayBack(graph, file)).filter((way) => way.length > 0)
  return ways.reduce((shortest, way) => (way.length < shortest.length ? way : shortest))
}

function shortestWayBack(graph: Graph, start: string): string[] {
  const seen = new Set<string>()
  let ways: string[][] = [[start]]
  while (ways.length > 0) {
    const longer: string[][] = []
    for (const way of ways) {
      for (const next of graph.get(way.at(-1) ?? start) ?? []) {
        if (next === start) return [...way, start]
        if (seen.has(next)) continue
        seen.add(next)
        longer.push([...way, next])
      }
    }
    ways = longer
  }
  return []
}
