import ts from 'typescript'
import { oncePerFile, type ProjectFile } from './project-file.ts'
import { parse } from './syntax.ts'

/** Text in a source file that is written for people. */
export interface TextFound {
  /** A string or the text of a template, a doc comment, or another comment. */
  readonly kind: 'string' | 'docstring' | 'comment'
  readonly text: string
  /** The position in the file of its first character. */
  readonly start: number
}

/** Lists the strings and comments of a source file; the names of imported modules are no text. */
export const textsOf = oncePerFile((file): readonly TextFound[] => {
  const literals = literalsOf(parse(file))
  const strings = literals.flatMap(({ start, end, isText }): TextFound[] =>
    isText ? [{ kind: 'string', text: file.text.slice(start, end), start }] : [],
  )
  return [...strings, ...commentsOf(file, literals)]
})

interface Literal {
  readonly start: number
  readonly end: number
  readonly isText: boolean
}

function literalsOf(source: ts.SourceFile): Literal[] {
  const found: Literal[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) {
      found.push({ start: node.getStart(source), end: node.end, isText: !namesModule(node) })
    } else if (ts.isRegularExpressionLiteral(node)) {
      found.push({ start: node.getStart(source), end: node.end, isText: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function namesModule({ parent }: ts.Node): boolean {
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true
  return ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent)
}

/** What looks like a comment and does not begin in a literal is one; lines that follow each other are one comment. */
function commentsOf({ text }: ProjectFile, literals: readonly Literal[]): TextFound[] {
  const found: TextFound[] = []
  const pattern = /(?:\/\/[^\n]*(?:\n[ \t]*(?=\/\/))?)+|\/\*[\s\S]*?\*\//g
  let at = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    while ((literals[at]?.end ?? Infinity) <= match.index) at += 1
    const literal = literals[at]
    if (literal !== undefined && literal.start <= match.index) {
      pattern.lastIndex = literal.end
    } else {
      found.push({
        kind: match[0].startsWith('/**') ? 'docstring' : 'comment',
        text: match[0],
        start: match.index,
      })
    }
  }
  return found
}
