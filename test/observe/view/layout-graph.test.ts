import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Drawing, Placed, Spot } from '../../../src/observe/view/layout/drawing.ts'
import { layoutGraph } from '../../../src/observe/view/layout/layout-graph.ts'
import { neighbourOf } from '../../../src/observe/view/neighbour.ts'

const spacing = { width: 100, layerGap: 50, rowGap: 10, looseInRow: 3 }

/** `'a b > c, c > d'`: boxes by letter, in the order in which they are first named. */
function draw(text: string): Drawing {
  const links = text.split(',').flatMap((part) => {
    const [from = '', to = ''] = part.split('>')
    const tos = to.trim().split(' ').filter(Boolean)
    return from
      .trim()
      .split(' ')
      .flatMap((one) => tos.map((other) => ({ key: `${one}${other}`, from: one, to: other })))
  })
  const keys = [...new Set(text.match(/\w/g) ?? [])]
  return layoutGraph(
    keys.map((key) => ({ key, height: 40 })),
    links,
    spacing,
  )
}

const layersOf = ({ boxes }: Drawing): Record<string, number> =>
  Object.fromEntries([...boxes].map(([key, { layer }]) => [key, layer]))
const rows = ({ boxes }: Drawing, layer: number): string =>
  [...boxes]
    .filter(([, box]) => box.layer === layer)
    .sort(([, one], [, other]) => one.y - other.y)
    .map(([key]) => key)
    .join('')

describe('layers', () => {
  test('go by the longest way', () => {
    expect(layersOf(draw('a > b d, b > c, c > d'))).toEqual({ a: 0, b: 1, c: 2, d: 3 })
  })

  test('have a source right before what it leads to', () => {
    expect(layersOf(draw('a > b, b > c, s > c'))).toEqual({ a: 0, b: 1, c: 2, s: 1 })
  })

  test('stand a circle', () => {
    expect(layersOf(draw('a > b, b > c, c > b'))).toEqual({ a: 0, b: 1, c: 2 })
    const { lines } = draw('a > b, b > c, c > b')
    expect(lines.size).toBe(3)
  })
})

describe('rows', () => {
  test('are in the order given where nothing speaks against it', () => {
    expect(rows(draw('a > b c d e'), 1)).toBe('bcde')
  })

  test('are such that lines do not cross which need not', () => {
    const drawing = draw('a b c o p q z, a > q, b > p, c > o, o p q > z')
    const order = rows(drawing, 1)
    expect([rows(drawing, 0), order]).toEqual([
      Array.from(order, (key) => key)
        .map((key) => ({ o: 'c', p: 'b', q: 'a' })[key])
        .join(''),
      order,
    ])
  })

  test('have a producer beside the middle of its consumers', () => {
    const { boxes } = draw('a > b c d')
    expect(boxes.get('a')?.y).toBe(boxes.get('c')?.y)
  })

  test('leave room for a line that goes by', () => {
    const { boxes, lines } = draw('a > b d, b > c, c > d')
    const line = lines.get('ad') ?? []
    for (const key of ['b', 'c']) {
      const { x, y, height } = boxes.get(key)!
      const within = line.filter((spot) => spot.x >= x && spot.x <= x + spacing.width)
      expect(within.length).toBeGreaterThan(0)
      for (const spot of within) expect(spot.y < y || spot.y > y + height).toBe(true)
    }
  })

  test('stay as they are where a stage comes or goes', () => {
    expect(rows(draw('a > b c d e f'), 1)).toBe('bcdef')
    expect(rows(draw('a > b c e f'), 1)).toBe('bcef')
  })
})

test('parts that are not connected stand one below the other, single boxes in rows at the bottom', () => {
  const { boxes } = draw('a > b, c > d, w x y z')
  const bottom = (keys: string) => Math.max(...Array.from(keys, (key) => key).map((key) => boxes.get(key)!.y + 40))
  const top = (keys: string) => Math.min(...Array.from(keys, (key) => key).map((key) => boxes.get(key)!.y))
  expect(bottom('ab')).toBeLessThan(top('cd'))
  expect(bottom('cd')).toBeLessThan(top('wxyz'))
  expect(new Set(['w', 'x', 'y'].map((key) => boxes.get(key)?.y)).size).toBe(1)
  expect(boxes.get('z')?.x).toBe(boxes.get('w')?.x)
})

test('an empty graph has a drawing', () => {
  expect(draw('')).toMatchObject({ width: 0, height: 0 })
})

test('whatever the graph, no two boxes lie upon each other, none is outside, and it is the same each time', () => {
  const graph = fc.integer({ min: 1, max: 14 }).chain((count) =>
    fc.record({
      heights: fc.array(fc.integer({ min: 10, max: 90 }), { minLength: count, maxLength: count }),
      pairs: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 30 }),
    }),
  )
  fc.assert(
    fc.property(graph, ({ heights, pairs }) => {
      const boxes = heights.map((height, index) => ({ key: `${index}`, height }))
      const links = [...new Set(pairs.map(([from, to]) => `${from}-${to}`))].map((key) => {
        const [from = '', to = ''] = key.split('-')
        return { key, from, to }
      })
      const drawing = layoutGraph(boxes, links, spacing)
      expect(layoutGraph(boxes, links, spacing)).toEqual(drawing)
      const placed = [...drawing.boxes.values()]
      expect(placed).toHaveLength(boxes.length)
      for (const [index, one] of placed.entries()) {
        expect(one.x >= 0 && one.y >= 0).toBe(true)
        expect(one.x + spacing.width <= drawing.width && one.y + one.height <= drawing.height).toBe(true)
        for (const other of placed.slice(index + 1)) {
          const areApart =
            Math.abs(one.x - other.x) >= spacing.width ||
            one.y + one.height <= other.y ||
            other.y + other.height <= one.y
          expect(areApart).toBe(true)
        }
      }
    }),
    { numRuns: 200 },
  )
})

describe('arrow keys', () => {
  const drawing = draw('a > b c, b c > d, w')
  const edges = [...drawing.lines.keys()].map((key) => {
    const [from = '', to = ''] = key
    return { key, from, to, subscriptions: [], isEnded: false }
  })
  const go = (from: string, direction: 'left' | 'right' | 'up' | 'down') =>
    neighbourOf(from, direction, drawing.boxes, edges)

  test('go along subscriptions and within a layer', () => {
    expect([go('a', 'right'), go('b', 'down'), go('c', 'right'), go('d', 'left')]).toEqual(['b', 'c', 'd', 'b'])
    expect([go('c', 'up'), go('b', 'left')]).toEqual(['b', 'a'])
  })

  test('go nowhere at the rim', () => {
    expect([go('a', 'left'), go('a', 'up'), go('d', 'right')]).toEqual([undefined, undefined, undefined])
  })

  test('reach what nothing is connected to', () => {
    expect([go('a', 'down'), go('w', 'right')]).toEqual(['w', 'c'])
  })
})

describe('a drawing that has a room', () => {
  const measures = { width: 216, layerGap: 72, rowGap: 16, looseInRow: 4 }
  const room = { width: 1_000, height: 600 }
  const scaleOf = ({ width, height }: Drawing) => Math.min(1, room.width / width, room.height / height)
  const boxes = (count: number) => Array.from({ length: count }, (_, index) => ({ key: `${index}`, height: 124 }))
  const chain = (count: number) =>
    Array.from({ length: count - 1 }, (_, index) => ({ key: `${index}`, from: `${index}`, to: `${index + 1}` }))
  const fan = (count: number) =>
    Array.from({ length: count - 2 }, (_, index) => [
      { key: `a${index}`, from: '0', to: `${index + 2}` },
      { key: `b${index}`, from: `${index + 2}`, to: '1' },
    ]).flat()

  test.each([
    ['a chain', chain, 0.38],
    ['a fan', fan, 0.4],
    ['loose ones', () => [], 0.4],
  ])('of 64 in %s is large enough for names', (_, linksOf, least) => {
    const drawing = layoutGraph(boxes(64), linksOf(64), measures, { room })
    expect(scaleOf(drawing)).toBeGreaterThan(least)
    expect(countOverlaps(drawing)).toBe(0)
  })

  test('of 2,000 has marks that can be distinguished', () => {
    for (const links of [chain(2_000), fan(2_000)]) {
      expect(216 * scaleOf(layoutGraph(boxes(2_000), links, measures, { room }))).toBeGreaterThan(14)
    }
  })

  test('is not wrapped where it can be read as it is', () => {
    expect(layoutGraph(boxes(3), chain(3), measures, { room })).toEqual(layoutGraph(boxes(3), chain(3), measures))
  })

  test('has no line across a box in a wrapped layer or between rows of a chain', () => {
    for (const links of [chain(40), fan(40)]) {
      const { boxes: places, lines } = layoutGraph(boxes(40), links, measures, { room })
      for (const [key, line] of lines) {
        const link = links.find((each) => each.key === key)!
        for (const { x, y } of spotsOn(line)) {
          for (const [box, place] of places) {
            if (box === link.from || box === link.to) continue
            const isOn = x > place.x && x < place.x + place.width && y > place.y && y < place.y + place.height
            expect(isOn).toBe(false)
          }
        }
      }
    }
  })

  test('of a chain of 20,000 is made without a deep stack, and of a fan of 20,000 in a time that is not its square', () => {
    const started = process.cpuUsage().user
    for (const links of [chain(20_000), fan(20_000)]) {
      expect(layoutGraph(boxes(20_000), links, measures, { room }).boxes.size).toBe(20_000)
    }
    expect((process.cpuUsage().user - started) / 1_000_000).toBeLessThan(30)
  }, 120_000)
})

describe('groups', () => {
  const spaced = { ...spacing, groupHead: 30, groupPad: 12 }
  /** `a → [b → (c)] → d`, with `c` in a group in a group. */
  const drawing = layoutGraph(
    [
      { key: 'a', height: 40 },
      { key: 'b', height: 40, group: 'outer' },
      { key: 'c', height: 40, group: 'inner' },
      { key: 'd', height: 40 },
    ],
    ['ab', 'bc', 'cd', 'ac'].map((key) => ({ key, from: key[0]!, to: key[1]! })),
    spaced,
    { groups: [{ key: 'outer' }, { key: 'inner', group: 'outer' }] },
  )
  const isWithin = (inner: Placed, outer: Placed) =>
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height

  test('stand around what is in them, and around nothing else', () => {
    const box = (key: string) => drawing.boxes.get(key)!
    const group = (key: string) => drawing.groups.get(key)!
    expect(isWithin(box('c'), group('inner')) && isWithin(group('inner'), group('outer'))).toBe(true)
    expect(isWithin(box('b'), group('outer'))).toBe(true)
    expect(box('a').x + box('a').width).toBeLessThan(group('outer').x)
    expect(box('d').x).toBeGreaterThan(group('outer').x + group('outer').width)
    expect(box('c').y - group('inner').y).toBeGreaterThanOrEqual(30)
  })

  test('are crossed by lines at their borders, from box to box', () => {
    for (const key of ['ab', 'cd', 'ac', 'bc']) {
      const line = drawing.lines.get(key)!
      const [from, to] = [drawing.boxes.get(key[0]!)!, drawing.boxes.get(key[1]!)!]
      expect(line[0]).toEqual({ x: from.x + from.width, y: from.y + 20 })
      expect(line.at(-1)).toEqual({ x: to.x, y: to.y + 20 })
    }
    const { x } = drawing.groups.get('outer')!
    expect(drawing.lines.get('ab')!.some((spot) => spot.x === x)).toBe(true)
  })

  test('are in the order of reading, with what is in them', () => {
    expect([...drawing.boxes.keys()]).toEqual(['a', 'b', 'c', 'd'])
  })

  test('that hold nothing in common do not touch, whatever the graph', () => {
    const arbitrary = fc.record({
      size: fc.integer({ min: 1, max: 24 }),
      groupOf: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 24, maxLength: 24 }),
      links: fc.array(fc.tuple(fc.nat({ max: 23 }), fc.nat({ max: 23 })), { maxLength: 40 }),
      isNarrow: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitrary, ({ size, groupOf, links, isNarrow }) => {
        const groups = [
          { key: 'f1' },
          { key: 'f2', group: 'f1' },
          { key: 'f3', group: 'f1' },
          { key: 'f4' },
          { key: 'f5', group: 'f4' },
        ]
        const boxes = Array.from({ length: size }, (_, index) => {
          const group = groups[groupOf[index]! - 1]?.key
          return { key: `${index}`, height: 30 + (index % 3) * 10, ...(group !== undefined && { group }) }
        })
        const lines = links.map(([from, to], index) => ({ key: `l${index}`, from: `${from}`, to: `${to}` }))
        const room = isNarrow ? { width: 500, height: 300 } : undefined
        const made = layoutGraph(boxes, lines, spaced, { groups, room })
        expect(countOverlaps(made)).toBe(0)
        for (const { key, group } of boxes) {
          const place = made.boxes.get(key)!
          expect(group === undefined || isWithin(place, made.groups.get(group)!)).toBe(true)
          for (const other of groups) {
            const isAround = other.key === group || groups.find((each) => each.key === group)?.group === other.key
            if (!isAround) expect(areApart(place, made.groups.get(other.key)!)).toBe(true)
          }
        }
      }),
      { numRuns: 150 },
    )
  })
})

function areApart(one: Placed, other: Placed): boolean {
  return (
    one.x + one.width <= other.x ||
    other.x + other.width <= one.x ||
    one.y + one.height <= other.y ||
    other.y + other.height <= one.y
  )
}

function countOverlaps({ boxes }: Drawing): number {
  const all = [...boxes.values()]
  return all.reduce((sum, one, index) => sum + all.slice(index + 1).filter((other) => !areApart(one, other)).length, 0)
}

/** Spots all along a line, which is level at each of its own. */
function spotsOn(line: readonly Spot[]): Spot[] {
  return line.slice(1).flatMap((to, index) => {
    const from = line[index]!
    const reach = to.x >= from.x ? (to.x - from.x) / 2 : 0
    return Array.from({ length: 21 }, (_, step) => {
      const [share, rest] = [step / 20, 1 - step / 20]
      const bezier = (a: number, b: number, c: number, d: number): number =>
        rest ** 3 * a + 3 * rest ** 2 * share * b + 3 * rest * share ** 2 * c + share ** 3 * d
      return { x: bezier(from.x, from.x + reach, to.x - reach, to.x), y: bezier(from.y, from.y, to.y, to.y) }
    })
  })
}
