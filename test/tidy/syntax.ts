import ts from 'typescript'
import { oncePerFile, type ProjectFile } from './project-file.ts'

/** One place where a file names another module. */
export interface ModuleReference {
  readonly specifier: string
  readonly line: number
  /** Whether nothing of it is left at run time. `import { type A }` leaves an import; `import type { A }` does not. */
  readonly typeOnly: boolean
}

/** Parses a file, once however many rules read it. */
export const parse = oncePerFile((file) => ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true))

/** Lists all imports, re-exports, `import()`s, `require`s and imported types of a file, in their order. */
export const moduleReferences = oncePerFile(findModuleReferences)

function findModuleReferences(file: ProjectFile): readonly ModuleReference[] {
  const source = parse(file)
  const found: ModuleReference[] = []
  const add = (literal: ts.Node | undefined, typeOnly: boolean): void => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return
    found.push({ specifier: literal.text, line: lineOf(source, literal.getStart()), typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    else if (ts.isExternalModuleReference(node)) add(node.expression, false)
    else if (ts.isCallExpression(node) && isImportOrRequire(node.expression)) add(node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  visit(source)
  for (const reference of source.typeReferenceDirectives) {
    found.push({ specifier: reference.fileName, line: lineOf(source, reference.pos), typeOnly: true })
  }
  return found
}

function isImportOrRequire(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

/** Counts the lines under `node` that hold code: comments and blank lines are free. */
export function linesOfCode(source: ts.SourceFile, node: ts.Node): number {
  const lines = new Set<number>()
  const visit = (part: ts.Node): void => {
    if (ts.isJSDoc(part)) return
    const children = part.getChildren(source)
    if (children.length > 0) {
      for (const child of children) visit(child)
    } else if (part.getWidth(source) > 0) {
      const last = lineOf(source, part.getEnd())
      for (let line = lineOf(source, part.getStart(source)); line <= last; line += 1) lines.add(line)
    }
  }
  visit(node)
  return lines.size
}

/** A function with a body, and what to call it in a message. */
export interface FunctionFound {
  readonly name: string
  readonly line: number
  readonly linesOfCode: number
}

/** Lists the functions, methods, accessors and constructors of a file with more lines of code than `most`, nested too. */
export function functionsLongerThan(most: number, file: ProjectFile): FunctionFound[] {
  const source = parse(file)
  const found: FunctionFound[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const line = lineOf(source, node.getStart(source))
      // A function with fewer lines needs no count, which is slow.
      const count = lineOf(source, node.getEnd()) - line < most ? 0 : linesOfCode(source, node)
      if (count > most) found.push({ name: nameOf(node, source), line, linesOfCode: count })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (node.name !== undefined) return node.name.getText(source)
  const { parent } = node
  if ((ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.name !== undefined) {
    return parent.name.getText(source)
  }
  return 'a function without a name'
}

/** An exported declaration, and whether a doc comment explains it. */
export interface ExportFound {
  readonly name: string
  readonly line: number
  readonly documented: boolean
}

/** Lists what a file declares and exports itself; re-exports are documented where they are declared. */
export const exportsOf = oncePerFile(findExports)

function findExports(file: ProjectFile): readonly ExportFound[] {
  const source = parse(file)
  const found = new Map<string, ExportFound>()
  for (const statement of source.statements) {
    if (!ts.canHaveModifiers(statement)) continue
    if (!ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) continue
    const documented = ts.getJSDocCommentsAndTags(statement).some(ts.isJSDoc)
    for (const name of declaredNames(statement)) {
      // An overload, or a type and a value of one name: one comment on any of them is enough.
      const former = found.get(name)
      found.set(name, {
        name,
        line: former?.line ?? lineOf(source, statement.getStart(source)),
        documented: documented || former?.documented === true,
      })
    }
  }
  return [...found.values()]
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText())
  }
  const named = statement as ts.Statement & { readonly name?: ts.Node }
  return named.name === undefined ? [] : [named.name.getText()]
}

/** Counts lines from 1, as editors do. */
export function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1
}
