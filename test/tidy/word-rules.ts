import { librarySources, type ProjectFile, type Rule } from './project-file.ts'
import { exportsOf } from './syntax.ts'
import { textsOf } from './texts.ts'
import { stems, words } from './words.ts'

/** Where the numbers of {@link wordsOnlyFall} stand; `npm run tidy:words` writes them. */
export const wordsLeftPath = 'test/tidy/words-left.json'

/** One place where a word of `words.ts` stands. */
interface WordFound {
  readonly line: number
  readonly word: string
  readonly instead: string
}

/** What users read holds none of the words: messages, docstrings, the documents of the front page, the live page. */
export const messagesUseOurWords: Rule = (files) =>
  files.flatMap((file) =>
    refusedPartsOf(file).flatMap(({ text, start }) =>
      wordsIn(file, text, start).map(
        ({ line, word, instead }) => `${file.path}:${line}: '${word}' is not a word of ours: write ${instead}`,
      ),
    ),
  )

/** In comments, tests and guides there are as many of the words as `words-left.json` allows, and the number falls. */
export const wordsOnlyFall: Rule = (files) => {
  const allowed = wordsAllowed(files)
  const counted = new Map(countWords(files))
  const problems = [...counted].flatMap(([path, found]) => judgeCount(path, found, allowed[path] ?? 0))
  const absent = Object.keys(allowed).filter((path) => !counted.has(path))
  return [
    ...problems,
    ...absent.map((path) => `${path}: has none of the words left, or was moved: run \`npm run tidy:words\``),
  ]
}

function judgeCount(path: string, found: readonly WordFound[], allowed: number): string[] {
  if (found.length === allowed) return []
  if (found.length < allowed) {
    return [`${path}: has ${found.length} of the words, and ${allowed} are noted: lower it, run \`npm run tidy:words\``]
  }
  const places = found.slice(-5).map(({ line, word, instead }) => `line ${line} '${word}', write ${instead}`)
  return [
    `${path}: has ${found.length} words that docs/style.md refuses, and ${allowed} are allowed: ` +
      `replace what is new (the last ones: ${places.join('; ')})`,
  ]
}

/** The name of what a file of `src/` exports holds none of the words. */
export const exportsUseOurWords: Rule = (files) =>
  librarySources(files).flatMap((file) =>
    exportsOf(file).flatMap(({ name, line }) => {
      const stem = partsOfName(name).find((part) => Object.hasOwn(stems, part))
      if (stem === undefined) return []
      return [`${file.path}:${line}: '${stem}' in ${name} is not a word of ours: name it with ${stems[stem]}`]
    }),
  )

function partsOfName(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_]/)
}

/** Finds the words in the places where only their number is held, for each file that has any. */
export function countWords(files: readonly ProjectFile[]): [path: string, found: WordFound[]][] {
  return files.flatMap((file): [string, WordFound[]][] => {
    const found = countedPartsOf(file).flatMap(({ text, start }) => wordsIn(file, text, start))
    return found.length === 0 ? [] : [[file.path, found]]
  })
}

/** Reads `words-left.json`; where it is absent, no word is allowed. */
export function wordsAllowed(files: readonly ProjectFile[]): Readonly<Record<string, number>> {
  const table = files.find(({ path }) => path === wordsLeftPath)
  return table === undefined ? {} : (JSON.parse(table.text) as Record<string, number>)
}

interface Part {
  readonly text: string
  readonly start: number
}

function refusedPartsOf(file: ProjectFile): readonly Part[] {
  const { path, text } = file
  if (isLibrarySource(path)) return textsOf(file).filter(({ kind }) => kind !== 'comment')
  const isForUsers = /^(README|ARCHITECTURE)\.md$|^docs\/reference\/.*\.md$|^src\/.*\.html$/.test(path)
  return isForUsers ? [{ text, start: 0 }] : []
}

function countedPartsOf(file: ProjectFile): readonly Part[] {
  const { path, text } = file
  if (isLibrarySource(path)) return textsOf(file).filter(({ kind }) => kind === 'comment')
  // They state the rule; the rest of the document obeys it.
  if (path === 'test/tidy/words.ts') return []
  if (path === 'docs/style.md') return [{ text: text.replace(/^\|.*$/gm, blank), start: 0 }]
  const isCounted =
    /^(test|examples|apps|bench|scripts)\/.*\.([cm]?[jt]s|md)$/.test(path) || /^docs\/(guide\/.*|[^/]*)\.md$/.test(path)
  return isCounted ? [{ text, start: 0 }] : []
}

function isLibrarySource(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts')
}

/** What stands at the beginning of a comment's lines, so that an expression may go on in the next one. */
const marksOfComments = /(?<=^[ \t]*)(?:\/\/|\*)(?= )/gm
const blank = (found: string): string => ' '.repeat(found.length)
const anyWord = new RegExp(words.map(({ pattern }) => pattern).join('|'), 'gi')
const eachWord = words.map(({ pattern, instead }) => ({ pattern: new RegExp(pattern, 'iy'), instead }))

function wordsIn({ text: whole }: ProjectFile, text: string, start: number): WordFound[] {
  const plain = text.replace(marksOfComments, blank)
  return [...plain.matchAll(anyWord)].map((match) => {
    const entry = eachWord.find(({ pattern }) => {
      pattern.lastIndex = match.index
      return pattern.test(plain)
    })
    return {
      line: whole.slice(0, start + match.index).split('\n').length,
      word: match[0].replace(/\s+/g, ' '),
      instead: entry?.instead ?? '',
    }
  })
}
