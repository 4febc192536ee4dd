import { librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { exportsOf, functionsOf, linesOfCode, parse } from './syntax.ts'

/** The most lines of code in a file of the library; comments and blank lines are free. */
export const longestFile = 400

/** The most lines of code in one of its functions, counted with the functions inside it. */
export const longestFunction = 70

/** No file is longer than one can hold in the head. */
export const filesAreShort: Rule = (files) =>
  librarySources(files).flatMap((file) => {
    const source = parse(file)
    const lines = linesOfCode(source, source)
    if (lines <= longestFile) return []
    return [
      `${file.path}: has ${lines} lines of code, more than ${longestFile}: ` +
        'find the second thing this file holds and give it a file named after it',
    ]
  })

/** No function is longer than a screen. */
export const functionsAreShort: Rule = (files) =>
  librarySources(files).flatMap((file) =>
    functionsOf(file)
      .filter((found) => found.linesOfCode > longestFunction)
      .map(
        (found) =>
          `${file.path}:${found.line}: ${found.name} has ${found.linesOfCode} lines of code, more than ` +
          `${longestFunction}: give its steps names and make them functions`,
      ),
  )

/** Everything that one file gives another is explained where it is declared. */
export const exportsAreDocumented: Rule = (files) =>
  librarySources(files).flatMap((file) =>
    exportsOf(file)
      .filter(({ documented }) => !documented)
      .map(
        ({ name, line }) =>
          `${file.path}:${line}: ${name} is exported without a comment: ` +
          'say in a first sentence that stands alone what it does, then what the signature cannot say',
      ),
  )

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

/** A name that fits everything says nothing. */
export const namesSayTheThing: Rule = (files) =>
  codeFiles(files).flatMap(({ path }) => {
    const empty = partsOf(path)
      .flatMap((part) => part.split('-'))
      .find((word) => emptyNames.includes(word.toLowerCase()))
    if (empty === undefined) return []
    return [`${path}: '${empty}' says nothing about what is inside: name the file after its main export`]
  })

/** Whoever silences a tool says why. */
export const silencingsSayWhy: Rule = (files) =>
  codeFiles(files).flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const problem = silencingWithoutReason(line)
      return problem === undefined ? [] : [`${path}:${index + 1}: ${problem}`]
    }),
  )

function silencingWithoutReason(line: string): string | undefined {
  if (/(\/\/|\/\*)\s*@ts-(ignore|nocheck)\b/.test(line)) {
    return 'silences the compiler for whatever may come: use @ts-expect-error with a reason, or fix the type'
  }
  if (/(\/\/|\/\*)\s*biome-ignore(-\w+)? [^:]*(:\s*(\*\/.*)?)?$/.test(line)) {
    return 'silences the linter without a reason: write `biome-ignore rule: reason`, or do what the rule asks'
  }
  if (/(\/\/|\/\*)\s*(oxlint|eslint)-disable/.test(line) && !/ -- \S/.test(line)) {
    return 'silences the linter without a reason: write `oxlint-disable-next-line rule -- reason`, or do what it asks'
  }
  return undefined
}

function codeFiles(files: readonly ProjectFile[]): ProjectFile[] {
  return files.filter(({ path }) => /^((src|test|apps|examples|bench)\/.*|[^/]*)\.[cm]?[jt]sx?$/.test(path))
}

/** The names a path consists of, without what stands behind the first dot of the file. */
function partsOf(path: string): string[] {
  return path.split('/').map((part) => part.replace(/(?<=.)\..*$/, ''))
}
