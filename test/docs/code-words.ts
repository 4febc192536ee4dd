import { prose, sources } from './documents.ts'

const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm
const words = new Set(sources.flatMap(({ text }) => text.replaceAll(comments, '').match(/[A-Za-z_$][\w$]*/g) ?? []))

/** The `code` in a text, but for what is Elixir: atoms, tuples of them, `name/arity`, modules. */
export function codeIn(text: string): string[] {
  return [...prose(text).matchAll(/`([^`]+)`/g)]
    .map(([, span = '']) => span)
    .filter((span) => !/(^|[\s({[]):"?[a-z$]|\/\d$|^[A-Z]\w+\.[a-z]|^%?\{?\w+, \w+\}$|^[a-z]+(_[a-z]+)+$/.test(span))
}

/** Words of code that occur nowhere in the sources: renamed since, or never there. Strings in it are not looked at. */
export function unknownWordsIn(spans: readonly string[], known: readonly string[] = []): string[] {
  return spans
    .map((span) => span.replaceAll(/'[^']*'/g, ''))
    .flatMap((span) => (/[/.]\w+\/|\.\w+$/.test(span) ? [] : (span.match(/[A-Za-z_$][\w$]+/g) ?? [])))
    .filter((word) => !words.has(word) && !known.includes(word))
}
