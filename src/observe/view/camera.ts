import { type Size, scaleFor } from './layout/wrap.ts'

/** The view of a drawing: a place of it is shown at `scale` times its coordinates, moved by `x` and `y`. */
export interface Camera {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** A rectangle in a drawing. */
export interface Rectangle extends Size {
  readonly x: number
  readonly y: number
}

/** The margin around a drawing that fits into the window, in CSS pixels. */
export const MARGIN = 24
/** The largest scale. */
const LARGEST = 2

/** How a node is shown: as a card, by its name, or as a coloured mark. */
export type Detail = 'card' | 'name' | 'mark'

/** The least scale of cards and of names. */
const CARDS_FROM = 0.719
const NAMES_FROM = 0.25

/** How nodes are shown at a scale. */
export function detailAt(scale: number): Detail {
  if (scale >= CARDS_FROM) return 'card'
  return scale >= NAMES_FROM ? 'name' : 'mark'
}

/** The size of a window without its margins. */
export function roomIn({ width, height }: Size): Size {
  return { width: Math.max(1, width - 2 * MARGIN), height: Math.max(1, height - 2 * MARGIN) }
}

/** Shows all of a drawing in the middle of the window, never enlarged. */
export function fitted(drawing: Size, window: Size): Camera {
  const scale = scaleFor(drawing, roomIn(window))
  return {
    x: (window.width - drawing.width * scale) / 2,
    y: (window.height - drawing.height * scale) / 2,
    scale,
  }
}

/** Zooms. The place at `x` and `y` of the window stays where it is. */
export function zoomed(
  camera: Camera,
  factor: number,
  at: { readonly x: number; readonly y: number },
  least: number,
): Camera {
  const scale = Math.min(LARGEST, Math.max(least, camera.scale * factor))
  const by = scale / camera.scale
  return { x: at.x - (at.x - camera.x) * by, y: at.y - (at.y - camera.y) * by, scale }
}

/** Moves as little as possible to show all of a rectangle of the drawing. */
export function revealing(camera: Camera, { x, y, width, height }: Rectangle, window: Size): Camera {
  const { scale } = camera
  return {
    x: camera.x + shift(camera.x + x * scale, width * scale, window.width),
    y: camera.y + shift(camera.y + y * scale, height * scale, window.height),
    scale,
  }
}

/** How far a length must move to be within the window; if it is longer, its beginning is shown. */
function shift(begin: number, length: number, window: number): number {
  if (begin < MARGIN || length > window - 2 * MARGIN) return MARGIN - begin
  return Math.min(0, window - MARGIN - begin - length)
}

/** Shows a rectangle in the middle of the window. */
export function centred({ x, y, width, height }: Rectangle, window: Size, scale: number): Camera {
  return {
    x: window.width / 2 - (x + width / 2) * scale,
    y: window.height / 2 - (y + height / 2) * scale,
    scale,
  }
}

/** Keeps at least a corner of the drawing in the window. */
export function bounded(camera: Camera, drawing: Size, window: Size): Camera {
  const keep = (at: number, length: number, most: number): number =>
    Math.min(most - 2 * MARGIN, Math.max(2 * MARGIN - length, at))
  return {
    x: keep(camera.x, drawing.width * camera.scale, window.width),
    y: keep(camera.y, drawing.height * camera.scale, window.height),
    scale: camera.scale,
  }
}

/** The visible part of the drawing, and a little around it. */
export function visible({ x, y, scale }: Camera, window: Size): Rectangle {
  const around = 40
  return {
    x: (-x - around) / scale,
    y: (-y - around) / scale,
    width: (window.width + 2 * around) / scale,
    height: (window.height + 2 * around) / scale,
  }
}

/** Whether two rectangles touch. */
export function areTouching(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x <= other.x + other.width &&
    other.x <= one.x + one.width &&
    one.y <= other.y + other.height &&
    other.y <= one.y + one.height
  )
}
