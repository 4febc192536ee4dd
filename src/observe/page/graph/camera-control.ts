import { bounded, type Camera, fitted, type Rectangle, revealing, zoomed } from '../../view/camera.ts'
import type { Spot } from '../../view/layout/drawing.ts'
import type { Size } from '../../view/layout/wrap.ts'

/** The duration of a camera movement, in milliseconds. */
const MOVE = 180
/** The least scale, as a share of the scale at which everything fits. */
const FURTHER = 0.5

/** The camera of the graph: where the user has moved it, or else so that the whole graph fits. */
export class CameraControl {
  /** The current position. */
  now: Camera = { x: 0, y: 0, scale: 1 }
  window: Size = { width: 0, height: 0 }
  /** The position that the user has chosen; `undefined` fits the whole graph. */
  chosen: Camera | undefined
  private drawing: Size = { width: 0, height: 0 }
  private motion: { readonly from: Camera; readonly to: Camera; readonly since: number } | undefined
  private isDue = false
  private readonly draw: () => void

  constructor(draw: () => void) {
    this.draw = draw
  }

  /** Sets the sizes of the drawing and of the window. */
  measure(drawing: Size, window: Size): void {
    this.drawing = drawing
    this.window = window
    if (this.chosen === undefined) this.go(fitted(drawing, window), true)
  }

  /** Restores a position that the user had chosen. */
  restore(camera: Camera): void {
    this.chosen = camera
    this.now = camera
  }

  /** The current position, or the one that it is moving to. */
  get target(): Camera {
    return this.motion?.to ?? this.now
  }

  /** Moves to a position; `undefined` fits the whole drawing into the window. */
  look(camera: Camera | undefined, isAtOnce: boolean): void {
    this.chosen = camera && bounded(camera, this.drawing, this.window)
    this.go(this.chosen ?? fitted(this.drawing, this.window), isAtOnce)
  }

  /** Zooms around a place of the window, or around its middle. */
  zoom(factor: number, at: Spot | undefined): void {
    const { width, height } = this.window
    const around = at ?? { x: width / 2, y: height / 2 }
    const least = fitted(this.drawing, this.window).scale * FURTHER
    this.look(zoomed(this.target, factor, around, least), at !== undefined)
  }

  /** Moves the drawing. */
  pan({ x, y }: Spot, isAtOnce: boolean): void {
    const from = this.target
    this.look({ ...from, x: from.x + x, y: from.y + y }, isAtOnce)
  }

  /** Moves as little as possible to show all of a rectangle. */
  reveal(place: Rectangle): void {
    const from = this.target
    const to = revealing(from, place, this.window)
    if (Math.hypot(to.x - from.x, to.y - from.y) > 0.5) this.look(to, false)
  }

  /** Draws in the next animation frame. */
  schedule(): void {
    if (this.isDue) return
    this.isDue = true
    requestAnimationFrame(() => {
      this.isDue = false
      this.step()
      this.draw()
    })
  }

  private go(to: Camera, isAtOnce: boolean): void {
    const isCalm = isAtOnce || matchMedia('(prefers-reduced-motion: reduce)').matches
    this.motion = isCalm ? undefined : { from: this.now, to, since: performance.now() }
    if (isCalm) this.now = to
    this.schedule()
  }

  private step(): void {
    if (this.motion === undefined) return
    const { from, to, since } = this.motion
    const share = Math.min(1, (performance.now() - since) / MOVE)
    const eased = 1 - (1 - share) ** 3
    const between = (one: number, other: number): number => one + (other - one) * eased
    this.now = { x: between(from.x, to.x), y: between(from.y, to.y), scale: between(from.scale, to.scale) }
    if (share < 1) this.schedule()
    else this.motion = undefined
  }
}
