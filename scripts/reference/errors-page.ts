import ts from 'typescript'
import { firstSentence } from './doc-comment.ts'
import { errorsPath } from './entry-points.ts'
import { codeCell, importOf, linkTo, type Place, table, textCell, toMarkdown } from './markdown.ts'
import type { PublicApi, PublicSymbol } from './public-api.ts'

interface ErrorEntry {
  readonly symbol: PublicSymbol
  readonly code: string
  /** What its message looks like; undefined where the caller writes it. */
  readonly message: string | undefined
}

/** All error codes: when each occurs, and what to do. */
export function errorsPage(api: PublicApi): string {
  const errors = api.symbols.flatMap((symbol) => entryOf(symbol) ?? [])
  const rows = errors.map(({ symbol, code }) => {
    const place: Place = { page: errorsPath, entry: symbol.entry }
    const text = toMarkdown(firstSentence(symbol.doc.description), place, api)
    return [`[\`${code}\`](#${code.toLowerCase()})`, linkTo(symbol, place), textCell(text)]
  })
  const parts = [introduction, table(['Code', 'Class', 'What happened'], rows)]
  return `${[...parts, ...errors.map((error) => errorSection(error, api))].join('\n\n')}\n`
}

function errorSection({ symbol, code, message }: ErrorEntry, api: PublicApi): string {
  const place: Place = { page: errorsPath, entry: symbol.entry }
  const thrower = api.symbols.filter(({ doc }) =>
    doc.tags.some(({ tag, text }) => tag === 'throws' && new RegExp(`\\{[^}]*\\b${symbol.name}\\b`).test(text)),
  )
  return [
    `## \`${code}\``,
    `Class ${linkTo(symbol, place)}: \`${importOf(symbol)}\``,
    toMarkdown(symbol.doc.description, place, api).replace(/^What to do: /m, '**What to do:** '),
    message === undefined ? '' : `Message: ${codeCell(message)}`,
    thrower.length === 0 ? '' : `Thrown by: ${thrower.map((other) => linkTo(other, place)).join(', ')}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** Undefined for what is no error, or has no code of its own. */
function entryOf(symbol: PublicSymbol): ErrorEntry | undefined {
  const [node] = symbol.declarations
  if (symbol.kind !== 'error' || node === undefined || !ts.isClassDeclaration(node)) return undefined
  const property = node.members.find((member) => ts.isPropertyDeclaration(member) && member.name.getText() === 'code')
  const initializer = property !== undefined && ts.isPropertyDeclaration(property) ? property.initializer : undefined
  if (initializer === undefined || !ts.isStringLiteral(initializer)) return undefined
  return { symbol, code: initializer.text, message: messageOf(node) }
}

/** The message that a constructor hands on, with `<name>` where a parameter goes. */
function messageOf(node: ts.ClassDeclaration): string | undefined {
  const maker = node.members.find(ts.isConstructorDeclaration)
  const constants = new Map<string, ts.Expression>()
  const templates: ts.Expression[] = []
  const visit = (each: ts.Node): void => {
    if (ts.isVariableDeclaration(each) && each.initializer !== undefined) {
      constants.set(each.name.getText(), each.initializer)
    }
    if (ts.isCallExpression(each) && each.expression.kind === ts.SyntaxKind.SuperKeyword) {
      templates.push(...each.arguments.filter((argument) => textOf(argument, constants) !== undefined))
    }
    ts.forEachChild(each, visit)
  }
  if (maker !== undefined) visit(maker)
  return templates[0] === undefined ? undefined : textOf(templates[0], constants)
}

/** The longest text that an expression can be, if it is one at all. */
function textOf(node: ts.Expression, constants: ReadonlyMap<string, ts.Expression>): string | undefined {
  const known = ts.isIdentifier(node) ? constants.get(node.text) : undefined
  if (known !== undefined) return textOf(known, constants)
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression, constants)
  if (ts.isBinaryExpression(node)) return textOf(node.right, constants) ?? textOf(node.left, constants)
  if (ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  const spans = node.templateSpans.map(({ expression, literal }) => placeholder(expression, constants) + literal.text)
  return node.head.text + spans.join('')
}

/** `<reason>` for `reason`, `quote(reason)` and the like; `…` for what is computed. */
function placeholder(node: ts.Expression, constants: ReadonlyMap<string, ts.Expression>): string {
  if (ts.isIdentifier(node)) return constants.has(node.text) ? (textOf(node, constants) ?? '…') : `<${node.text}>`
  const [argument] = ts.isCallExpression(node) && ts.isIdentifier(node.expression) ? node.arguments : []
  return argument !== undefined && ts.isIdentifier(argument) ? `<${argument.text}>` : '…'
}

const introduction = `# Errors

<!-- Written by \`npm run docs\` from the docstrings of the error classes. Change those, not this page. -->

Every error of this library is a \`GenStageError\` with a \`code\`. A code is stable across versions; a message is not, so test for the code or the class:

\`\`\`ts
import assert from 'node:assert/strict'
import { GenStageError, producer, startLink } from 'genstage'

try {
  await startLink(producer(() => 'ignore'))
} catch (error) {
  if (!(error instanceof GenStageError)) throw error
  assert.equal(error.code, 'GENSTAGE_START_IGNORED')
}
\`\`\`

Wrong arguments and options are a \`TypeError\` or a \`RangeError\` instead, without a code. In the messages below, \`<name>\` stands for a value and \`…\` for words that depend on the case.`
