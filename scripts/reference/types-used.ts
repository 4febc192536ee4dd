import ts from 'typescript'
import type { PublicApi, PublicSymbol } from './public-api.ts'

/** The types of the library that the declarations of a symbol mention, in order of appearance. */
export interface TypesUsed {
  /** The types that have a page. */
  readonly exported: readonly PublicSymbol[]
  /** Those that have none, with what they name in turn. */
  readonly inner: readonly ts.Declaration[]
}

/** Which types a reader of a symbol's declarations has to look up. */
export function typesUsedBy(symbol: PublicSymbol, api: PublicApi): TypesUsed {
  const exported = new Set<PublicSymbol>()
  const inner = new Set<ts.Declaration>()
  const visited = new Set<ts.Declaration>(symbol.declarations)
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node)) return
    const type = typeNamed(node, api)
    if (type !== undefined && !visited.has(type)) {
      visited.add(type)
      const found = api.exportOf(type, symbol.entry)
      if (found !== undefined) exported.add(found)
      else if (!ts.isHeritageClause(node.parent)) inner.add(type)
      // The members of an interface without a page are shown as those of the interface that extends it.
      if (found === undefined) visit(type)
    }
    ts.forEachChild(node, visit)
  }
  symbol.declarations.forEach(visit)
  return { exported: [...exported], inner: [...inner] }
}

/** The declaration in the library of the type that a node names, if it names one. */
export function typeNamed(node: ts.Node, { checker }: PublicApi): ts.Declaration | undefined {
  const name = ts.isTypeReferenceNode(node) ? node.typeName : undefined
  const parent = ts.isExpressionWithTypeArguments(node) ? node.expression : undefined
  const symbol = checker.getSymbolAtLocation(name ?? parent ?? node)
  if ((name ?? parent) === undefined || symbol === undefined) return undefined
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const [declaration] = target.declarations ?? []
  const isOurs = declaration !== undefined && !declaration.getSourceFile().isDeclarationFile
  return isOurs && !ts.isTypeParameterDeclaration(declaration) ? declaration : undefined
}
