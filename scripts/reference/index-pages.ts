import { firstSentence } from './doc-comment.ts'
import { apiFolder, type EntryPoint, entryPoints, errorsPath, indexPath } from './entry-points.ts'
import { linkTo, type Place, pathTo, toMarkdown } from './markdown.ts'
import type { Kind, PublicApi } from './public-api.ts'

const groups: readonly { readonly title: string; readonly kinds: readonly Kind[] }[] = [
  { title: 'Functions', kinds: ['function'] },
  { title: 'Constants', kinds: ['constant'] },
  { title: 'Classes', kinds: ['class'] },
  { title: 'Errors', kinds: ['error'] },
  { title: 'Types', kinds: ['interface', 'type'] },
]

const mark = '<!-- Written by `npm run docs` from the docstrings. Change those, not this page. -->'

/** The page that lists what one module exports. */
export function indexPage(entry: EntryPoint, api: PublicApi): string {
  const place: Place = { page: indexPath(entry), entry }
  const errors = pathTo(errorsPath, place)
  return page([
    `# \`${entry.specifier}\``,
    mark,
    `All that \`${entry.specifier}\` exports. See also [all modules](../README.md), and what to do about each [error](${errors}).`,
    ...lists(entry, place, api, '##'),
  ])
}

/** The page that lists what all modules export. */
export function overviewPage(api: PublicApi): string {
  return page([
    '# API',
    mark,
    'Every function, class, constant and type that can be imported, with a page for each. See also the [options](../options.md) of the functions, the [errors](../errors.md) and their codes, and the [telemetry](../telemetry.md) events.',
    ...entryPoints.flatMap((entry) => {
      const place: Place = { page: `${apiFolder}/README.md`, entry }
      const link = `[\`${entry.specifier}\`](${pathTo(indexPath(entry), place)})`
      return [`## ${link}`, ...lists(entry, place, api, '###')]
    }),
  ])
}

function lists(entry: EntryPoint, place: Place, api: PublicApi, level: string): string[] {
  return groups.flatMap(({ title, kinds }) => {
    const lines = api.symbols
      .filter((symbol) => symbol.entry === entry && kinds.includes(symbol.kind))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((symbol) => {
        const text = toMarkdown(firstSentence(symbol.doc.description), place, api)
        return `- ${linkTo(symbol, place)}: ${text}`
      })
    return lines.length === 0 ? [] : [`${level} ${title}`, lines.join('\n')]
  })
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`
}
