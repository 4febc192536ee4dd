import type { StageSnapshot, SubscriptionSnapshot } from '../snapshot/snapshot-types.ts'

/** What of a stage says whether it is like another. */
export type Comparable = Pick<StageSnapshot, 'id' | 'kind' | 'name'>
/** What of a subscription does. */
export type Connection = Pick<SubscriptionSnapshot, 'producer' | 'consumer'>

/**
 * Sorts stages into classes of alike ones: of one kind, with names that differ in their numbers only, and with alike
 * producers and consumers, however many. So the hundred chains `fetch 7 → parse 7` are two classes.
 *
 * The key of a class says what its stages are, and does not change as others come and go elsewhere, as far as that can
 * be. Deterministic.
 *
 * @returns By the id of a stage, the key of its class.
 */
export function alikeKeys(
  stages: readonly Comparable[],
  connections: readonly Connection[],
): ReadonlyMap<string, string> {
  const neighbours = neighboursOf(stages, connections)
  let classes = numbered(stages, (stage) => namePattern(stage))
  // Each round tells apart what the one before has not, or is the last: there can be no more classes than stages.
  for (let known = 0; classes.count > known; ) {
    known = classes.count
    const before = classes.of
    const numbersOf = (ids: readonly string[]): string =>
      [...new Set(ids.map((id) => before.get(id)))].sort((one = 0, other = 0) => one - other).join(',')
    classes = numbered(stages, ({ id }) => {
      const { producers, consumers } = neighbours.get(id) ?? alone
      return `${before.get(id)} < ${numbersOf(producers)} > ${numbersOf(consumers)}`
    })
  }
  return named(stages, classes.of)
}

/** The kind and name of a stage with `#` for each number in it. */
export function namePattern({ kind, name }: Omit<Comparable, 'id'>): string {
  return name === null ? kind : `${kind} ${name.replace(/\d+/g, '#')}`
}

interface Neighbours {
  readonly producers: string[]
  readonly consumers: string[]
}

const alone: Neighbours = { producers: [], consumers: [] }

function neighboursOf(
  stages: readonly Comparable[],
  connections: readonly Connection[],
): ReadonlyMap<string, Neighbours> {
  const neighbours = new Map<string, Neighbours>(stages.map(({ id }) => [id, { producers: [], consumers: [] }]))
  for (const { producer, consumer } of connections) {
    if (!neighbours.has(producer) || !neighbours.has(consumer)) continue
    neighbours.get(consumer)?.producers.push(producer)
    neighbours.get(producer)?.consumers.push(consumer)
  }
  return neighbours
}

/** Numbers what stages have in common, in the order in which it is first seen. */
function numbered(
  stages: readonly Comparable[],
  signature: (stage: Comparable) => string,
): { readonly of: ReadonlyMap<string, number>; readonly count: number } {
  const numbers = new Map<string, number>()
  const of = new Map<string, number>()
  for (const stage of stages) {
    const key = signature(stage)
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    of.set(stage.id, number)
  }
  return { of, count: numbers.size }
}

/** Several classes may have one name: then the second is `… (2)`, and so on. */
function named(stages: readonly Comparable[], classes: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  const keys = new Map<number, string>()
  const taken = new Map<string, number>()
  const keyOf = new Map<string, string>()
  for (const stage of stages) {
    const number = classes.get(stage.id) ?? 0
    let key = keys.get(number)
    if (key === undefined) {
      const pattern = namePattern(stage)
      const count = (taken.get(pattern) ?? 0) + 1
      taken.set(pattern, count)
      key = count === 1 ? pattern : `${pattern} (${count})`
      keys.set(number, key)
    }
    keyOf.set(stage.id, key)
  }
  return keyOf
}
