import ts from 'typescript'
import { firstSentence, tagsOf } from './doc-comment.ts'
import { errorsPath, indexPath } from './entry-points.ts'
import { block, codeCell, importOf, linkTo, type Place, pathTo, table, textCell, toMarkdown } from './markdown.ts'
import { membersSection } from './member-section.ts'
import type { Kind, PublicApi, PublicSymbol } from './public-api.ts'
import { aliasText, documentedText, interfaceText, signatureOf } from './source-text.ts'
import { typeNamed, typesUsedBy } from './types-used.ts'

const kinds: Readonly<Record<Kind, string>> = {
  function: 'Function',
  error: 'Error class',
  class: 'Class',
  constant: 'Constant',
  interface: 'Interface',
  type: 'Type',
}

/** The page on one export. */
export function apiPage(symbol: PublicSymbol, api: PublicApi): string {
  const { name, kind, entry, page, source, doc } = symbol
  const place: Place = { page, entry }
  const markdown = (text: string): string => toMarkdown(text, place, api)
  const used = typesUsedBy(symbol, api)
  const inner = used.inner.map(documentedText).join('\n\n')
  const returns = tagsOf(doc, 'returns')
  const throws = tagsOf(doc, 'throws').map((text) => `- ${markdown(throwsText(text))}`)
  const examples = tagsOf(doc, 'example').map(exampleText)
  const parts = [
    `# \`${name}\``,
    '<!-- Written by `npm run docs` from the docstrings. Change those, not this page. -->',
    `${kinds[kind]} of [\`${entry.specifier}\`](${pathTo(indexPath(entry), place)}), declared in [${source}](${pathTo(source, place)}).`,
    block(importOf(symbol)),
    markdown(doc.description),
    kind === 'error' ? `See also [all errors](${pathTo(errorsPath, place)}) and their codes.` : '',
    ...declarationSection(symbol, used.exported, place),
    ...section('Parameters', parametersTable(symbol, place, api)),
    ...section('Returns', returns.map(markdown).join('\n\n')),
    ...section('Throws', throws.join('\n')),
    ...membersSection(symbol, place, api),
    ...section(examples.length === 1 ? 'Example' : 'Examples', examples.join('\n\n')),
    ...section('Types that are not exported', inner && `The declarations above name them.\n\n${block(inner)}`),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function section(title: string, text: string): string[] {
  return text === '' ? [] : [`## ${title}`, text]
}

/** `{A | B} if …` with the types as code. */
function throwsText(text: string): string {
  const [, types, rest = ''] = /^\{([^}]*)\}\s*([\s\S]*)$/.exec(text) ?? []
  if (types === undefined) return text
  const names = types.split('|').map((type) => `\`${type.trim()}\``)
  return `${names.join(' or ')} ${rest.replace(/^(\([^)]*\) )?I(?=[fn] )/, '$1i')}`
}

/** The first line is the title where it is not the code yet. */
function exampleText(text: string): string {
  return text.startsWith('```') || text === '' ? text : text.replace(/^(.*)\n+/, '### $1\n\n')
}

function declarationSection(
  { kind, declarations }: PublicSymbol,
  exported: readonly PublicSymbol[],
  place: Place,
): string[] {
  if (kind === 'error' || kind === 'class') return []
  const title = kind === 'function' ? (declarations.length > 1 ? 'Signatures' : 'Signature') : 'Declaration'
  const texts = declarations.map((node) => {
    if (ts.isInterfaceDeclaration(node)) return interfaceText(node)
    return ts.isTypeAliasDeclaration(node) ? aliasText(node) : signatureOf(node)
  })
  return [
    `## ${title}`,
    block(texts.join('\n\n')),
    exported.length === 0 ? '' : `Types: ${exported.map((other) => linkTo(other, place)).join(', ')}.`,
  ]
}

/** Parameters with their docs; where one has none, what its type is. Overloads show only those that are documented. */
function parametersTable(symbol: PublicSymbol, place: Place, api: PublicApi): string {
  const docs = new Map(
    tagsOf(symbol.doc, 'param').map((text) => [/^\w+/.exec(text)?.[0] ?? '', text.replace(/^\w+\s*(- )?/, '')]),
  )
  const rows = new Map<string, string[]>()
  for (const node of symbol.declarations) {
    if (!ts.isFunctionLike(node)) continue
    for (const parameter of node.parameters) {
      const name = parameter.name.getText()
      const doc = docs.get(name)
      if (rows.has(name) || (doc === undefined && symbol.declarations.length > 1)) continue
      const isOptional = parameter.questionToken !== undefined || parameter.initializer !== undefined
      const type = codeCell(parameter.type?.getText() ?? 'unknown')
      const text = doc === undefined ? typeSummary(parameter, place, api) : toMarkdown(doc, place, api)
      rows.set(name, [`\`${name}\`${isOptional ? ' (optional)' : ''}`, type, textCell(text)])
    }
  }
  return [...rows.values()].every(([, , text]) => text === '')
    ? ''
    : table(['Name', 'Type', 'Description'], [...rows.values()])
}

/** What a parameter is by its type: a link to that, with its first sentence. */
function typeSummary({ type }: ts.ParameterDeclaration, place: Place, api: PublicApi): string {
  if (type === undefined || !ts.isTypeReferenceNode(type)) return ''
  const found = api.exportOf(typeNamed(type, api), place.entry)
  if (found === undefined) return ''
  return `${linkTo(found, place)}: ${toMarkdown(firstSentence(found.doc.description), place, api)}`
}
