import type { Spot } from '../../view/layout/drawing.ts'

/** Draws a path: on a canvas, or as the text of an SVG path. */
interface Pen {
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void
}

/** How far a curve continues level if it leads back. */
const BACK = 80

/** Draws a smooth line that is level at each spot; straight between two spots of one height or one width. */
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

/** The attribute `d` of an SVG path through spots. */
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

/** The least length of a piece with room for texts. */
const ROOM_FOR_TEXT = 90

/**
 * Returns a spot for texts on a line; `undefined` if there is no room.
 *
 * It is on the first piece that is long enough if `share` is less than a half, or else on the last one.
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
