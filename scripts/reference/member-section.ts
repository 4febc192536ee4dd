import ts from 'typescript'
import { type DocComment, docCommentOf, firstSentence, tagsOf } from './doc-comment.ts'
import { block, codeCell, linkTo, type Place, table, textCell, toMarkdown } from './markdown.ts'
import type { PublicApi, PublicSymbol } from './public-api.ts'
import { isBrand, signatureOf } from './source-text.ts'

interface Member {
  readonly name: string
  /** One for each overload. */
  readonly declarations: readonly ts.Declaration[]
  readonly doc: DocComment
}

/** The members of an interface or a class, including those inherited from types without their own page. */
export function membersSection(symbol: PublicSymbol, place: Place, api: PublicApi): string[] {
  const [node] = symbol.declarations
  if (node === undefined || !(ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node))) return []
  const own: Member[] = []
  const inherited = new Map<PublicSymbol, Member[]>()
  for (const property of api.checker.getTypeAtLocation(node).getProperties()) {
    const member = memberOf(property)
    if (member === undefined) continue
    const parent = member.declarations[0]?.parent
    const from = parent === node ? undefined : api.exportOf(parent, place.entry)
    if (from === undefined) own.push(member)
    else inherited.set(from, [...(inherited.get(from) ?? []), member])
  }
  // Members without a docstring are shown by the declaration only.
  const isDocumented = own.some(({ doc }) => doc.description !== '')
  return [
    ...(isDocumented ? ['## Members', ...ownMembers(own, place, api)] : []),
    ...[...inherited].flatMap(([from, members]) => [
      `## Inherited from ${linkTo(from, place)}`,
      members
        .map(({ name, doc }) => `- \`${name}\`${colon(toMarkdown(firstSentence(doc.description), place, api))}`)
        .join('\n'),
    ]),
  ]
}

function colon(text: string): string {
  return text === '' ? '' : `: ${text}`
}

/** Undefined for members that the platform declares, that exist only in types, or that are not public. */
function memberOf(property: ts.Symbol): Member | undefined {
  const declarations = property.declarations ?? []
  const [first] = declarations
  if (first === undefined || first.getSourceFile().isDeclarationFile || isBrand(first)) return undefined
  if (ts.getCombinedModifierFlags(first) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) return undefined
  const name = ts.getNameOfDeclaration(first)
  if (name === undefined || ts.isPrivateIdentifier(name)) return undefined
  return { name: name.getText(), declarations, doc: docCommentOf(first) }
}

/** A table if each member has a type and a few words; otherwise a section for each. */
function ownMembers(members: readonly Member[], place: Place, api: PublicApi): string[] {
  const cells = members.map((member) => propertyCells(member, place, api))
  return cells.every((row) => row !== undefined)
    ? [table(['Name', 'Type', 'Description'], cells)]
    : members.flatMap((member) => (member.doc.description === '' ? [] : memberSection(member, place, api)))
}

function propertyCells({ name, declarations, doc }: Member, place: Place, api: PublicApi): string[] | undefined {
  const [node] = declarations
  if (node === undefined || !(ts.isPropertySignature(node) || ts.isPropertyDeclaration(node))) return undefined
  if (doc.description.includes('\n\n') || doc.description.includes('```') || doc.tags.length > 0) return undefined
  const type = node.type?.getText() ?? (ts.isPropertyDeclaration(node) ? node.initializer?.getText() : undefined)
  if (type === undefined || type.includes('\n') || type.length > 60) return undefined
  return [
    `\`${name}\`${node.questionToken === undefined ? '' : ' (optional)'}`,
    codeCell(type),
    textCell(toMarkdown(doc.description, place, api)),
  ]
}

function memberSection({ name, declarations, doc }: Member, place: Place, api: PublicApi): string[] {
  const others = declarations.slice(1).map((node) => ({ node, text: docCommentOf(node).description }))
  const isDocumentedOnce = others.every(({ text }) => text === '')
  const shown = isDocumentedOnce ? declarations : declarations.slice(0, 1)
  const markdown = (text: string): string => toMarkdown(text, place, api)
  return [
    `### \`${name}\``,
    block(shown.map(signatureOf).join('\n')),
    markdown(doc.description),
    ...tagsOf(doc, 'param').map((text) => `- ${markdown(text.replace(/^(\w+)\s*(- )?/, '`$1`: '))}`),
    ...tagsOf(doc, 'returns').map((text) => `Returns: ${markdown(text)}`),
    ...tagsOf(doc, 'throws').map((text) => `Throws: ${markdown(text.replace(/^\{([^}]*)\}/, '`$1`'))}`),
    ...tagsOf(doc, 'example'),
    ...(isDocumentedOnce ? [] : others.flatMap(({ node, text }) => [block(signatureOf(node)), markdown(text)])),
  ]
}
