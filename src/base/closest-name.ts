/** Longer words are compared by their beginnings. */
const longestCompared = 64

/**
 * The one of `known` that takes the fewest typing mistakes to become `word`; case does not count. The first on a tie.
 */
export function closestName(word: string, known: readonly string[]): string | undefined {
  let found: string | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const mistakes = editDistance(word, candidate)
    if (mistakes >= fewest) continue
    found = candidate
    fewest = mistakes
  }
  return found
}

/**
 * How many characters are to be inserted, left out, replaced, or swapped with the next one, to make one word of another.
 * Case does not count.
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
