import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Drawing, layoutGraph } from '../../../src/observe/view/layout.ts'
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
