import { posix } from 'node:path'
import { codeFiles, librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { exportsOf, functionsLongerThan, linesOfCode, parse } from './syntax.ts'

/** The most lines of code in a file of the library; comments and blank lines are free. */
export const longestFile = 250

/** The most lines of code in a file under `test/`. */
export const longestTestFile = 600

/** The most lines of code in a function of the library, counted with the functions inside it. */
export const longestFunction = 70

/** The most files in a folder of `src/`; its `index.ts` is free, style sheets are, and sub-folders count their own. */
export const mostFilesInFolder = 16

/** No file is longer than a reader can keep in mind. */
export const filesAreShort: Rule = (files) => [
  ...longerThan(longestFile, librarySources(files)),
  ...longerThan(
    longestTestFile,
    codeFiles(files).filter(({ path }) => path.startsWith('test/')),
  ),
]

function longerThan(most: number, files: readonly ProjectFile[]): string[] {
  return files.flatMap((file) => {
    // A file with fewer lines that are not blank needs no count, which is slow.
    if ((file.text.match(/^.*\S/gm)?.length ?? 0) <= most) return []
    const source = parse(file)
    const lines = linesOfCode(source, source)
    if (lines <= most) return []
    return [
      `${file.path}: has ${lines} lines of code, more than ${most}: ` +
        'find the second thing this file holds and give it a file named after it',
    ]
  })
}

/** No folder holds more files than a reader can see at one glance. */
export const foldersAreSmall: Rule = (files) => {
  const counts = new Map<string, number>()
  for (const { path } of files) {
    if (!path.startsWith('src/') || path.endsWith('.css') || posix.basename(path) === 'index.ts') continue
    const folder = posix.dirname(path)
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts]
    .filter(([, count]) => count > mostFilesInFolder)
    .map(
      ([folder, count]) =>
        `${folder}: holds ${count} files, more than ${mostFilesInFolder}: ` +
        'find which of them belong together and move them into a folder, named in test/tidy/rooms.ts',
    )
}

/** No function is longer than a screen. */
export const functionsAreShort: Rule = (files) =>
  librarySources(files).flatMap((file) =>
    functionsLongerThan(longestFunction, file).map(
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
          'write in a first sentence that stands alone what it does, then what the signature does not show',
      ),
  )

/** A comment that silences a tool gives the reason. */
export const silencingsGiveReasons: Rule = (files) =>
  codeFiles(files).flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const problem = silencingWithoutReason(line)
      return problem === undefined ? [] : [`${path}:${index + 1}: ${problem}`]
    }),
  )

function silencingWithoutReason(line: string): string | undefined {
  if (/(\/\/|\/\*)\s*@ts-(ignore|nocheck)\b/.test(line)) {
    return 'silences the compiler for all that may come: use @ts-expect-error with a reason, or fix the type'
  }
  if (/(\/\/|\/\*)\s*biome-ignore(-\w+)? [^:]*(:\s*(\*\/.*)?)?$/.test(line)) {
    return 'silences the linter without a reason: write `biome-ignore rule: reason`, or do what the rule asks'
  }
  if (/(\/\/|\/\*)\s*(oxlint|eslint)-disable/.test(line) && !/ -- \S/.test(line)) {
    return 'silences the linter without a reason: write `oxlint-disable-next-line rule -- reason`, or do what it asks'
  }
  return undefined
}
