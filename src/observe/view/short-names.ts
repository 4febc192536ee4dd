/** Where a name differs from those most like it: from the first character that does to behind the last. */
export type Difference = readonly [from: number, to: number]

/** So many characters stay at a cut end, where there is room. */
const LEAST_END = 3
/** Words are not cut shorter. */
const LEAST_WORD = 2

/**
 * Says of each name where it differs from others: from the first to the last word that not all names of its family have
 * there, those with as many words and the same first or last one. Without a family, from those that are most like it.
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

/** Where names differ from those that begin or end most like them. */
function nearDifferences(names: readonly string[]): (name: string) => Difference {
  const heads = sharedWithNeighbours(names, (name) => name)
  const tails = sharedWithNeighbours(names, (name) => Array.from(name).reverse().join(''))
  return (name) => {
    const [head, tail] = [heads.get(name) ?? 0, name.length - (tails.get(name) ?? 0)]
    // One that is like no other differs everywhere.
    if (head === 0 && tail === name.length) return [0, 0]
    const [from, to] = [Math.min(head, tail), Math.max(head, tail)]
    const before = name.slice(0, from).search(/[\p{L}\p{N}]+$/u)
    const after = /^[\p{L}\p{N}]*/u.exec(name.slice(to))?.[0].length ?? 0
    return [before === -1 ? from : before, to + after]
  }
}

/** How many characters each name has in common with the one that begins most like it: beside it in order. */
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

/** Cuts a name in the middle until it fits, but not where it differs from others, as far as that can be. */
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

/** A name cut to so many characters, ellipses included. */
function cut(name: string, [from, to]: Difference, length: number): string {
  const kept = length - 1
  const head = Math.ceil(kept / 2)
  const whole = (first: number): string => `${name.slice(0, first)}…${name.slice(name.length - (kept - first))}`
  if (to <= head || from >= name.length - (kept - head)) return whole(head)
  if (to <= kept - LEAST_END) return whole(to)
  if (name.length - from <= kept - LEAST_END) return whole(kept - (name.length - from))
  const rest = kept - 1 - (to - from)
  if (rest < 2) return withoutEnds(name, [from, to], kept)
  const first = Math.ceil(rest / 2)
  return `${name.slice(0, first)}…${name.slice(from, to)}…${name.slice(name.length - (rest - first))}`
}

/** A difference that is too long, with its words cut to the same length; the begin of it, where it is one word. */
function withoutEnds(name: string, [from, to]: Difference, kept: number): string {
  const parts = name.slice(from, to).split(/([^\p{L}\p{N}]+)/u)
  const longest = parts.reduce((most, { length }) => Math.max(most, length), 1)
  for (let most = longest; most >= LEAST_WORD && parts.length > 1; most--) {
    // Every second one stands between two words.
    const text = parts.map((part, index) => part.slice(0, index % 2 === 0 ? most : 1)).join('')
    if (text.length <= kept + 1) return text
  }
  return name.slice(from, from + kept) + (from + kept < name.length ? '…' : '')
}
