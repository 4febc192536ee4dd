import ts from 'typescript'

/** The source text of a declaration, without its docstring, its body and keywords that only modules need. */
export function signatureOf(node: ts.Declaration): string {
  if (ts.isVariableDeclaration(node)) return `const ${node.getText()}`.replace(/ =[\s\S]*$/, '')
  const body = ts.isFunctionLike(node) && 'body' in node ? (node.body as ts.Node | undefined) : undefined
  const initializer = ts.isPropertyDeclaration(node) ? node.initializer : undefined
  const file = node.getSourceFile()
  const end = body?.getFullStart() ?? initializer?.getFullStart() ?? node.end
  const text = dedent(file.text.slice(node.getStart(), end), columnOf(node))
    .replace(/^(?:export |declare |async |override |(?:abstract )(?!class))+/, '')
    .trimEnd()
  return ts.isPropertyDeclaration(node) ? text.replace(/\s*=$/, '') : text
}

/** The source text of an interface, without comments and members that exist only in types. */
export function interfaceText(node: ts.InterfaceDeclaration): string {
  const file = node.getSourceFile()
  const head = dedent(file.text.slice(node.getStart(), node.members.pos), columnOf(node)).replace(/^export /, '')
  const members = node.members.filter((member) => !isBrand(member))
  if (members.length === 0) return `${head.trimEnd()}}`
  return [head.trimEnd(), ...members.map((member) => indent(signatureOf(member))), '}'].join('\n')
}

/** Whether the key of a member is a symbol of the library: it has a type, and no value. */
export function isBrand({ name }: ts.Declaration & { readonly name?: ts.Node | undefined }): boolean {
  return name !== undefined && ts.isComputedPropertyName(name) && !name.getText().startsWith('[Symbol.')
}

/** The source text of a declaration, with docstrings. */
export function documentedText(node: ts.Declaration): string {
  const doc = ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)
  return [...(doc === undefined ? [] : [dedent(doc.getText(), columnOf(node))]), aliasText(node)]
    .join('\n')
    .replaceAll(links, '`$1`')
}

const links = /\{@link (\w+)\}/g

/** A declaration with the docstrings inside it, but without its own. */
export function aliasText(node: ts.Declaration): string {
  return dedent(node.getText(), columnOf(node))
    .replace(/^(export |declare )+/, '')
    .replaceAll(/^\s*\/\/ .*\n/gm, '')
    .replaceAll(links, '`$1`')
}

function columnOf(node: ts.Node): number {
  return node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).character
}

function dedent(text: string, column: number): string {
  return text.replaceAll(new RegExp(`\\n {0,${column}}`, 'g'), '\n')
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
