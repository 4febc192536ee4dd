import { areas } from './build.ts'

/** What was seen of one runtime. */
export interface Row {
  readonly name: string
  readonly version: string
  /** By the name of the area; what a runtime has no API for is not in it. */
  readonly seen: ReadonlyMap<string, 'works' | 'fails'>
}

/** The path of the page, from the root of the project. */
export const runtimesPath = 'docs/runtimes.md'

/** The head of its table. */
export const tableHead: string = lineOf(['runtime', 'version', ...areas.map(({ title }) => title)])

/**
 * The page with these rows.
 *
 * @param former The page as it is: what stands around its table stays, and so do the rows of runtimes that could not be
 *   had this time.
 */
export function runtimesPage(rows: readonly Row[], former: string): string {
  const lines = former.split('\n')
  const isRow = (line: string): boolean => line.startsWith('|')
  const start = lines.findIndex(isRow)
  const end = lines.findLastIndex(isRow) + 1
  const kept = new Map(lines.slice(start + 2, end).map((line) => [nameOf(line), line]))
  for (const { name, version, seen } of rows) {
    const marks = areas.map((area) => ({ works: 'yes', fails: '**no**', none: '–' })[seen.get(area.name) ?? 'none'])
    kept.set(name, lineOf([name, version, ...marks]))
  }
  const rule = lineOf(Array(areas.length + 2).fill('---'))
  return [...lines.slice(0, start), tableHead, rule, ...kept.values(), ...lines.slice(end)].join('\n')
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function nameOf(line: string): string {
  return line.split('|')[1]?.trim() ?? ''
}
