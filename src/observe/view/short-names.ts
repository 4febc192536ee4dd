/** Where a name differs from those most like it: from the first character that does to behind the last. */
export type Difference = readonly [from: number, to: number]

/** So many characters stay at a cut end, where there is room. */
const LEAST_END = 3

/** Says of each name where it differs from those that are most like it, in whole words where these have borders. */
export function differencesOf(names: Iterable<string>): ReadonlyMap<string, Difference> {
  const all = [...new Set(names)]
  const heads = sharedWithNeighbours(all, (name) => name)
  const tails = sharedWithNeighbours(all, (name) => Array.from(name).reverse().join(''))
  return new Map(
    all.map((name) => {
      const [head, tail] = [heads.get(name) ?? 0, name.length - (tails.get(name) ?? 0)]
      const [from, to] = [Math.min(head, tail), Math.max(head, tail)]
      const before = name.slice(0, from).search(/[\p{L}\p{N}]+$/u)
      const after = /^[\p{L}\p{N}]*/u.exec(name.slice(to))?.[0].length ?? 0
      return [name, [before === -1 ? from : before, to + after]]
    }),
  )
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

/** What there is room for of a difference that is too long: its ends, at which it differs, or its begin alone. */
function withoutEnds(name: string, [from, to]: Difference, kept: number): string {
  if (kept < 3 * LEAST_END || to - from <= kept)
    return name.slice(from, from + kept) + (from + kept < name.length ? '…' : '')
  const first = Math.ceil(kept / 2)
  return `${name.slice(from, from + first)}…${name.slice(to - (kept - first), to)}`
}
