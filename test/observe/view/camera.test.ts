import { describe, expect, test } from 'vitest'
import { bounded, detailAt, fitted, MARGIN, revealing, zoomed } from '../../../src/observe/view/camera.ts'

const window = { width: 1_000, height: 600 }

/** Where a place of the drawing is seen. */
const seen = ({ x, y, scale }: { x: number; y: number; scale: number }, at: { x: number; y: number }) => ({
  x: x + at.x * scale,
  y: y + at.y * scale,
})

describe('a camera', () => {
  test('that fits sees everything, in the middle, and nothing larger than it is meant', () => {
    expect(fitted({ width: 400, height: 200 }, window)).toEqual({ x: 300, y: 200, scale: 1 })
    const camera = fitted({ width: 10_000, height: 1_000 }, window)
    expect(seen(camera, { x: 0, y: 0 }).x).toBeCloseTo(MARGIN)
    expect(seen(camera, { x: 10_000, y: 0 }).x).toBeCloseTo(1_000 - MARGIN)
  })

  test('that zooms keeps the place under the pointer', () => {
    const before = { x: 10, y: 20, scale: 0.5 }
    const after = zoomed(before, 1.7, { x: 300, y: 250 }, 0.1)
    expect(after.scale).toBeCloseTo(0.85)
    const place = { x: (300 - before.x) / 0.5, y: (250 - before.y) / 0.5 }
    expect(seen(after, place).x).toBeCloseTo(300)
    expect(seen(after, place).y).toBeCloseTo(250)
  })

  test('stays within its limits', () => {
    expect(zoomed({ x: 0, y: 0, scale: 1 }, 100, { x: 0, y: 0 }, 0.1).scale).toBe(2)
    expect(zoomed({ x: 0, y: 0, scale: 1 }, 0.001, { x: 0, y: 0 }, 0.1).scale).toBe(0.1)
    const far = bounded({ x: 9_999, y: -9_999, scale: 1 }, { width: 100, height: 100 }, window)
    expect(far).toEqual({ x: 1_000 - 2 * MARGIN, y: 2 * MARGIN - 100, scale: 1 })
  })

  test('that reveals a place moves as little as it takes', () => {
    const camera = { x: 0, y: 0, scale: 1 }
    expect(revealing(camera, { x: 100, y: 100, width: 50, height: 50 }, window)).toEqual(camera)
    expect(revealing(camera, { x: 1_200, y: 100, width: 50, height: 50 }, window)).toEqual({
      x: 1_000 - MARGIN - 1_250,
      y: 0,
      scale: 1,
    })
    expect(revealing(camera, { x: -80, y: 0, width: 50, height: 50 }, window)).toMatchObject({ x: MARGIN + 80 })
  })
})

test('cards are seen when near, names further away, and marks from far', () => {
  expect([1, 0.72, 0.7, 0.3, 0.2, 0.01].map(detailAt)).toEqual(['card', 'card', 'name', 'name', 'mark', 'mark'])
})
