import { relative } from 'node:path/posix'
import ts from 'typescript'
import { type DocComment, docCommentOf } from './doc-comment.ts'
import { type EntryPoint, entryPoints, pagePath, root } from './entry-points.ts'

/** The kinds of things that can be imported. */
export type Kind = 'function' | 'error' | 'class' | 'constant' | 'interface' | 'type'

/** Something that users can import, in one of the modules that export it. */
export interface PublicSymbol {
  readonly name: string
  readonly kind: Kind
  readonly entry: EntryPoint
  /** Its page, relative to the project's root. */
  readonly page: string
  /** Where it is declared, relative to the project's root. */
  readonly source: string
  /** One for each overload that users see; otherwise one. */
  readonly declarations: readonly ts.Declaration[]
  readonly doc: DocComment
}

/** Everything that can be imported, with the information of the TypeScript compiler. */
export interface PublicApi {
  readonly symbols: readonly PublicSymbol[]
  readonly checker: ts.TypeChecker
  /** The meaning of a name in a docstring on a page of `from`. */
  find(name: string, from: EntryPoint): PublicSymbol | undefined
  /** The exported symbol of a declaration, if it is exported; for a page of `from`. */
  exportOf(declaration: ts.Node | undefined, from: EntryPoint): PublicSymbol | undefined
}

/** Reads the sources, starting at the entry points. */
export function readPublicApi(): PublicApi {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  )
  const program = ts.createProgram(
    entryPoints.map(({ file }) => `${root}${file}`),
    options,
  )
  const checker = program.getTypeChecker()
  const symbols = entryPoints.flatMap((entry) => symbolsOf(entry, program, checker))
  const nearest = (found: readonly PublicSymbol[], from: EntryPoint): PublicSymbol | undefined =>
    found.find(({ entry }) => entry === from) ?? found[0]
  return {
    symbols,
    checker,
    find: (name, from) =>
      nearest(
        symbols.filter((symbol) => symbol.name === name),
        from,
      ),
    exportOf: (declaration, from) =>
      nearest(
        symbols.filter(({ declarations }) => declaration !== undefined && declarations.includes(declaration as never)),
        from,
      ),
  }
}

function symbolsOf(entry: EntryPoint, program: ts.Program, checker: ts.TypeChecker): PublicSymbol[] {
  const file = program.getSourceFile(`${root}${entry.file}`)
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file)
  if (module === undefined) throw new Error(`expected ${entry.file} to be a module`)
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const all = symbol.declarations ?? []
    const declarations = all.length > 1 ? all.filter((node) => !ts.isFunctionLike(node) || !hasBody(node)) : all
    const [first] = declarations
    if (first === undefined) throw new Error(`expected ${exported.name} of ${entry.file} to be declared`)
    const kind = kindOf(first, checker)
    const page = pagePath(entry, exported.name, kind === 'interface' || kind === 'type')
    const source = relative(root, first.getSourceFile().fileName)
    return { name: exported.name, kind, entry, page, source, declarations, doc: docCommentOf(first) }
  })
}

function hasBody(node: ts.SignatureDeclaration): boolean {
  return 'body' in node && node.body !== undefined
}

function kindOf(node: ts.Declaration, checker: ts.TypeChecker): Kind {
  if (ts.isFunctionDeclaration(node)) return 'function'
  if (ts.isClassDeclaration(node)) return isError(checker.getTypeAtLocation(node)) ? 'error' : 'class'
  if (ts.isInterfaceDeclaration(node)) return 'interface'
  return ts.isTypeAliasDeclaration(node) ? 'type' : 'constant'
}

function isError(type: ts.Type): boolean {
  return type.symbol.name === 'GenStageError' || (type.getBaseTypes() ?? []).some(isError)
}
