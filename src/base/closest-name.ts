/** Of longer words only the beginnings are compared. */
const longestCompared = 64

/**
 * The one of `known` with the smallest edit distance to `word`, ignoring case; the first one if several are equally close.
 */
export function closestName(word: string, known: readonly string[]): string | undefined {
  let found: string | undefined
  let smallest = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const distance = editDistance(word, candidate)
    if (distance >= smallest) continue
    found = candidate
    smallest = distance
  }
  return found
}

/**
 * How many characters must be inserted, removed, replaced, or swapped with the next one to change one word into another,
 * ignoring case.
 */
export function editDistance(one: string, other: string): number {
  const from = one.slice(0, longestCompared).toLowerCase()
  const to = other.slice(0, longestCompared).toLowerCase()
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
