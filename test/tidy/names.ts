import { posix } from 'node:path'
import ts from 'typescript'
import { codeFiles, librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { exportsOf, parse } from './syntax.ts'

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Files and folders are in kebab-case, as the imports that name them. */
export const namesAreKebabCase: Rule = (files) =>
  codeFiles(files).flatMap(({ path }) => {
    const wrong = partsOf(path).find((part) => !kebabCase.test(part))
    return wrong === undefined
      ? []
      : [`${path}: '${wrong}' is not in kebab-case: rename it like 'partition-dispatcher'`]
  })

const emptyNames = ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager', 'impl']

/** A name that fits everything means nothing. */
export const namesAreSpecific: Rule = (files) =>
  codeFiles(files).flatMap(({ path }) => {
    const empty = partsOf(path)
      .flatMap((part) => part.split('-'))
      .find((word) => emptyNames.includes(word.toLowerCase()))
    if (empty === undefined) return []
    return [`${path}: '${empty}' does not show what is inside: name the file after its main export`]
  })

/** A file that exports one thing bears its name. */
export const filesBearTheirName: Rule = (files) => {
  const withOne = librarySources(files).flatMap((file) => {
    const [only, ...others] = exportsOf(file)
    const isNamedFreely = /(^|\/)(index|main)\.ts$|\.d\.ts$/.test(file.path)
    return only === undefined || others.length > 0 || isNamedFreely ? [] : [{ path: file.path, name: only.name }]
  })
  // Variants of one thing, as `host` in `default.ts` and `node.ts`, are named for what sets them apart.
  const places = withOne.map(({ path, name }) => posix.join(posix.dirname(path), name))
  const isVariant = (place: string): boolean => places.indexOf(place) !== places.lastIndexOf(place)
  return withOne
    .filter(({ path, name }) => posix.basename(path, '.ts') !== kebabCaseOf(name))
    .filter(({ path, name }) => !isVariant(posix.join(posix.dirname(path), name)))
    .map(
      ({ path, name }) =>
        `${path}: exports only ${name}: name the file ${kebabCaseOf(name)}.ts, or rename what it exports`,
    )
}

/** Writes a name as files are named: `OptionTable` and `optionTable` are `option-table`. */
function kebabCaseOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, (_, ...[a, b, c, d]) => `${a ?? c}-${b ?? d}`)
    .replaceAll('_', '-')
    .toLowerCase()
}

/** No two types have one name, exported or not: a reader who has seen one must not take another for it. */
export const typesHaveTheirOwnNames: Rule = (files) => {
  const places = new Map<string, string[]>()
  for (const file of librarySources(files)) {
    for (const name of typesOf(file)) places.set(name, [...(places.get(name) ?? []), file.path])
  }
  return [...places]
    .filter(([, paths]) => paths.length > 1)
    .map(
      ([name, paths]) =>
        `${paths.slice(1).join(', ')}: declares a type ${name}, and so does ${paths[0]}: ` +
        'rename it after what sets it apart, or import it if both mean the same',
    )
}

function typesOf(file: ProjectFile): Set<string> {
  const found = new Set<string>()
  const visit = (node: ts.Node): void => {
    const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
    if ((isType || ts.isClassDeclaration(node) || ts.isEnumDeclaration(node)) && node.name) found.add(node.name.text)
  }
  parse(file).statements.forEach(visit)
  return found
}

/** The names a path consists of, without the endings of the file. */
function partsOf(path: string): string[] {
  return path.split('/').map((part) => part.replace(/(?<=.)\..*$/, ''))
}
