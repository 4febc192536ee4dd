import { dirname, relative } from 'node:path/posix'
import type { EntryPoint } from './entry-points.ts'
import type { PublicApi, PublicSymbol } from './public-api.ts'

/** The place of a text, to which its names and links are relative. */
export interface Place {
  /** The page, relative to the project's root. */
  readonly page: string
  /** The module whose names take precedence. */
  readonly entry: EntryPoint
}

/** A link from one page to another file of the project. */
export function pathTo(target: string, { page }: Place): string {
  return relative(dirname(page), target)
}

/** A name as code, linked to its page. */
export function linkTo(symbol: PublicSymbol, place: Place, text: string = symbol.name): string {
  return symbol.page === place.page ? `\`${text}\`` : `[\`${text}\`](${pathTo(symbol.page, place)})`
}

/** Converts a docstring: `{@link x}` becomes a link, and so does the name of a type or error that can be imported. */
export function toMarkdown(text: string, place: Place, api: PublicApi): string {
  return text
    .split(/(^\s*```[\s\S]*?^\s*```)/m)
    .map((part, index) => (index % 2 === 1 ? part : withLinks(part, place, api)))
    .join('')
}

function withLinks(text: string, place: Place, api: PublicApi): string {
  const linked = (name: string): string => {
    const found = api.find(name, place.entry)
    return found === undefined ? `\`${name}\`` : linkTo(found, place)
  }
  return text.replaceAll(
    /\[[^\]]*\]\([^)]*\)|\{@link (\w+)\}|`([A-Z]\w+)`|`[^`]*`/g,
    (match, link?: string, type?: string) => {
      const name = link ?? type
      return name === undefined ? match : linked(name)
    },
  )
}

/** A table; a cell may contain anything that fits on one line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Code for a cell of a table. */
export function codeCell(code: string): string {
  return `\`${code.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')}\``
}

/** Prose for a cell of a table. */
export function textCell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/(?<!\\)\|/g, '\\|')
}

/** A block of TypeScript. */
export function block(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``
}

/** The import statement of a symbol. */
export function importOf({ name, kind, entry }: PublicSymbol): string {
  const keyword = kind === 'interface' || kind === 'type' ? 'import type' : 'import'
  return `${keyword} { ${name} } from '${entry.specifier}'`
}
