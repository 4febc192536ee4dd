/** The range of a name that differs from similar names: from its first character to after its last one. */
export type Difference = readonly [from: number, to: number]

/** The least number of characters at a cut end, if there is room. */
const LEAST_END = 3
/** The least length of cut words. */
const LEAST_WORD = 2

/**
 * Finds where each name differs from others.
 *
 * A family is all names with the same number of words and the same first or last word. The difference is the range from
 * the first to the last word that differs within the family. A name without a family is compared with the most similar
 * names.
 */
export function differencesOf(names: Iterable<string>): ReadonlyMap<string, Difference> {
  const all = [...new Set(names)].map((name) => ({ name, words: [...name.matchAll(/\p{L}+|\p{N}+/gu)] }))
  const differences = new Map<string, Difference>()
  for (const end of [0, -1]) {
    for (const family of familiesOf(all, end)) {
      if (family.length < 2) continue
      const first = family[0]?.words ?? []
      const differs = first.map((word, place) => family.some(({ words }) => words[place]?.[0] !== word[0]))
      const [from, to] = [differs.indexOf(true), differs.lastIndexOf(true)]
      for (const { name, words } of family) {
        const [begin, last] = [words[from], words[to]]
        if (differences.has(name) || begin === undefined || last === undefined) continue
        differences.set(name, [begin.index, last.index + last[0].length])
      }
    }
  }
  const near = nearDifferences(all.map(({ name }) => name))
  return new Map(all.map(({ name }) => [name, differences.get(name) ?? near(name)]))
}

interface Words {
  readonly name: string
  readonly words: readonly RegExpExecArray[]
}

/** Names with as many words and the same first one, or the same last one. */
function familiesOf(names: readonly Words[], end: number): Iterable<readonly Words[]> {
  const families = new Map<string, Words[]>()
  for (const each of names) {
    const key = `${each.words.length} ${each.words.at(end)?.[0]}`
    const family = families.get(key)
    if (family === undefined) families.set(key, [each])
    else family.push(each)
  }
  return families.values()
}

/** The differences from the names with the longest common beginning or end. */
function nearDifferences(names: readonly string[]): (name: string) => Difference {
  const heads = sharedWithNeighbours(names, (name) => name)
  const tails = sharedWithNeighbours(names, (name) => Array.from(name).reverse().join(''))
  return (name) => {
    const [head, tail] = [heads.get(name) ?? 0, name.length - (tails.get(name) ?? 0)]
    // A name that resembles no other differs everywhere.
    if (head === 0 && tail === name.length) return [0, 0]
    const [from, to] = [Math.min(head, tail), Math.max(head, tail)]
    const before = name.slice(0, from).search(/[\p{L}\p{N}]+$/u)
    const after = /^[\p{L}\p{N}]*/u.exec(name.slice(to))?.[0].length ?? 0
    return [before === -1 ? from : before, to + after]
  }
}

/** The length of the longest beginning that each name shares with another, which is next to it in sorted order. */
function sharedWithNeighbours(names: readonly string[], read: (name: string) => string): ReadonlyMap<string, number> {
  const sorted = names.map((name) => [read(name), name] as const).sort(([one], [other]) => (one < other ? -1 : 1))
  const shared = new Map<string, number>()
  for (const [index, [text, name]] of sorted.entries()) {
    for (const [other] of [sorted[index - 1], sorted[index + 1]].filter((each) => each !== undefined)) {
      shared.set(name, Math.max(shared.get(name) ?? 0, sharedLength(text, other)))
    }
  }
  return shared
}

function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length)
  let length = 0
  while (length < most && one[length] === other[length]) length++
  return length
}

/** Cuts a name in the middle until it fits; if possible, not where it differs from others. */
export function shortened(name: string, difference: Difference | undefined, fits: (text: string) => boolean): string {
  if (fits(name)) return name
  let [least, most] = [3, Math.max(3, name.length - 1)]
  while (least < most) {
    const length = Math.ceil((least + most) / 2)
    if (fits(cut(name, difference ?? [0, 0], length))) least = length
    else most = length - 1
  }
  return cut(name, difference ?? [0, 0], least)
}

/** Cuts a name to a number of characters, including ellipses. */
function cut(name: string, [from, to]: Difference, length: number): string {
  const kept = length - 1
  const head = Math.ceil(kept / 2)
  const oneCut = (first: number): string => `${name.slice(0, first)}…${name.slice(name.length - (kept - first))}`
  if (to <= head || from >= name.length - (kept - head)) return oneCut(head)
  if (to <= kept - LEAST_END) return oneCut(to)
  if (name.length - from <= kept - LEAST_END) return oneCut(kept - (name.length - from))
  const rest = kept - 1 - (to - from)
  if (rest < 2) return withoutEnds(name, [from, to], kept)
  const first = Math.ceil(rest / 2)
  return `${name.slice(0, first)}…${name.slice(from, to)}…${name.slice(name.length - (rest - first))}`
}

/** Shortens a difference that is too long: cuts its words to the same length, or cuts a single word at its end. */
function withoutEnds(name: string, [from, to]: Difference, kept: number): string {
  const parts = name.slice(from, to).split(/([^\p{L}\p{N}]+)/u)
  const longest = parts.reduce((most, { length }) => Math.max(most, length), 1)
  for (let most = longest; most >= LEAST_WORD && parts.length > 1; most--) {
    // Every second part is a separator.
    const text = parts.map((part, index) => part.slice(0, index % 2 === 0 ? most : 1)).join('')
    if (text.length <= kept + 1) return text
  }
  return name.slice(from, from + kept) + (from + kept < name.length ? '…' : '')
}
