import type { Spot } from '../../view/layout/drawing.ts'

/** What draws a path: of a canvas, or as the text that SVG takes. */
interface Pen {
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void
}

/** How far a curve goes on level where it leads back. */
const BACK = 80

/** Draws a smooth line through all of its spots, level at each; straight where two are at one height, or one width. */
export function trace(spots: readonly Spot[], pen: Pen): void {
  for (const [index, { x, y }] of spots.entries()) {
    const before = spots[index - 1]
    if (before === undefined) pen.moveTo(x, y)
    else if (before.y === y || before.x === x) pen.lineTo(x, y)
    else {
      const [one, other] = controls(before, { x, y })
      pen.bezierCurveTo(one, before.y, other, y, x, y)
    }
  }
}

/** The same as the attribute `d` of a path. */
export function pathThrough(spots: readonly Spot[]): string {
  let path = ''
  trace(spots, {
    moveTo: (x, y) => {
      path += `M${x} ${y}`
    },
    lineTo: (x, y) => {
      path += `L${x} ${y}`
    },
    bezierCurveTo: (...values) => {
      path += `C${values.join(' ')}`
    },
  })
  return path
}

function controls(from: Spot, to: Spot): [number, number] {
  const reach = to.x >= from.x ? (to.x - from.x) / 2 : BACK
  return [from.x + reach, to.x - reach]
}

/** A piece that is shorter has no room for texts. */
const ROOM_FOR_TEXT = 90

/**
 * A spot on a line, near the end that is asked for: before the middle on the first piece that is long enough, else on
 * the last one; `undefined` where none is.
 */
export function spotOn(spots: readonly Spot[], share: number): Spot | undefined {
  const pieces = spots.slice(1).map((to, index) => ({ from: spots[index] ?? to, to }))
  const long = pieces.filter(({ from, to }) => to.x - from.x >= ROOM_FOR_TEXT)
  const piece = share < 0.5 ? long[0] : long.at(-1)
  if (piece === undefined) return undefined
  const { from, to } = piece
  const [one, other] = controls(from, to)
  const rest = 1 - share
  const bezier = (a: number, b: number, c: number, d: number): number =>
    rest ** 3 * a + 3 * rest ** 2 * share * b + 3 * rest * share ** 2 * c + share ** 3 * d
  return { x: bezier(from.x, one, other, to.x), y: bezier(from.y, from.y, to.y, to.y) }
}
