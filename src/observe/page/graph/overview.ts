import { areTouching, type Camera, type Detail, type Rectangle, visible } from '../../view/camera.ts'
import { HIGH } from '../../view/card.ts'
import type { Drawing, Spot } from '../../view/layout/drawing.ts'
import type { Size } from '../../view/layout/wrap.ts'
import { trace } from './edge-path.ts'

/** A node as a mark. */
interface Mark {
  readonly key: string
  readonly busy: number | null
  readonly isEnded: boolean
  readonly severity: 'problem' | 'warning' | 'note' | undefined
}

/** A line without figures. */
export interface Stroke {
  readonly key: string
  readonly width: number
  readonly isFlowing: boolean
  readonly isEnded: boolean
  readonly isNear: boolean
}

/** The data that an overview is drawn from. */
export interface Scene {
  readonly drawing: Drawing
  readonly marks: readonly Mark[]
  readonly strokes: readonly Stroke[]
  /** Whether the line with this key is drawn elsewhere. */
  readonly isElsewhere: (key: string) => boolean
  readonly opened: string | undefined
}

const tokens = [
  'ground',
  'surface',
  'border',
  'line',
  'idle',
  'busy',
  'high',
  'accent',
  'problem',
  'warning',
  'note',
] as const
type Colours = Readonly<Record<(typeof tokens)[number], string>>

/** From this number on, lines are drawn fainter, so that overlapping ones merge into one tone. */
const FAINT_FROM = 60
/** The least size of a mark, in pixels. */
const LEAST_MARK = 3

/** Draws groups and lines, and nodes as marks, on a canvas: there may be thousands of them. */
export class Overview {
  private readonly canvas: HTMLCanvasElement
  private readonly context: CanvasRenderingContext2D
  private colours: Colours | undefined
  private readonly paths = new Map<readonly Spot[], { readonly path: Path2D; readonly box: Rectangle }>()

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('expected a canvas to have a 2d context')
    this.canvas = canvas
    this.context = context
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.colours = undefined
    })
  }

  /** Forgets the paths of lines that no longer exist. */
  clear(): void {
    this.paths.clear()
  }

  draw(scene: Scene, camera: Camera, window: Size, detail: Detail): void {
    const { canvas, context } = this
    const ratio = devicePixelRatio
    const [width, height] = [Math.round(window.width * ratio), Math.round(window.height * ratio)]
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    this.colours ??= coloursOf(canvas)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, width, height)
    const { x, y, scale } = camera
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio)
    const seen = visible(camera, window)
    this.drawGroups(scene, seen, scale, this.colours)
    this.drawLines(scene, seen, scale, this.colours)
    if (detail === 'mark') this.drawMarks(scene, seen, scale, this.colours)
  }

  private drawGroups({ drawing, opened }: Scene, seen: Rectangle, scale: number, colours: Colours): void {
    const { context } = this
    for (const [key, group] of drawing.groups) {
      if (!areTouching(group, seen)) continue
      context.beginPath()
      context.roundRect(group.x, group.y, group.width, group.height, Math.min(12, 8 / scale))
      context.globalAlpha = 0.5
      context.fillStyle = colours.surface
      context.fill()
      context.globalAlpha = 1
      context.lineWidth = (key === opened ? 2 : 1) / scale
      context.strokeStyle = key === opened ? colours.accent : colours.border
      context.stroke()
    }
  }

  private drawLines({ drawing, strokes, isElsewhere }: Scene, seen: Rectangle, scale: number, colours: Colours): void {
    const { context } = this
    const alpha = Math.max(0.16, Math.min(0.75, Math.sqrt(FAINT_FROM / Math.max(1, strokes.length)) * 0.75))
    for (const { key, width, isFlowing, isEnded, isNear } of strokes) {
      const line = drawing.lines.get(key)
      if (line === undefined || line.length === 0 || isElsewhere(key)) continue
      const { path, box } = this.pathOf(line)
      if (!areTouching(box, seen)) continue
      context.globalAlpha = isNear ? 1 : alpha
      context.strokeStyle = isNear ? colours.accent : isFlowing ? colours.busy : colours.line
      const most = isNear ? 3 : strokes.length > FAINT_FROM ? 1 : 2.5
      context.lineWidth = Math.max(Math.min(most, width * scale), isNear ? 1.5 : 0.75) / scale
      context.setLineDash(isEnded ? [3 / scale, 5 / scale] : [])
      context.stroke(path)
    }
    context.setLineDash([])
    context.globalAlpha = 1
  }

  private drawMarks({ drawing, marks, opened }: Scene, seen: Rectangle, scale: number, colours: Colours): void {
    const { context } = this
    const least = LEAST_MARK / scale
    for (const { key, busy, isEnded, severity } of marks) {
      const place = drawing.boxes.get(key)
      if (place === undefined || !areTouching(place, seen)) continue
      const [width, height] = [Math.max(place.width, least), Math.max(place.height, least)]
      context.beginPath()
      context.roundRect(place.x, place.y, width, height, Math.min(width, height) * 0.14)
      context.globalAlpha = isEnded ? 0.4 : 1
      context.fillStyle = colourOf(busy, colours)
      context.fill()
      context.globalAlpha = 1
      if (key !== opened && (severity === undefined || severity === 'note')) continue
      context.lineWidth = 2.5 / scale
      context.strokeStyle = key === opened ? colours.accent : colours[severity ?? 'note']
      context.stroke()
    }
  }

  private pathOf(line: readonly Spot[]): { readonly path: Path2D; readonly box: Rectangle } {
    const known = this.paths.get(line)
    if (known !== undefined) return known
    const path = new Path2D()
    trace(line, path)
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (const { x, y } of line) {
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
    const made = { path, box: { x: left - 80, y: top, width: right - left + 160, height: bottom - top } }
    this.paths.set(line, made)
    return made
  }
}

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element)
  return Object.fromEntries(tokens.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours
}

/** A colour between idle and busy; another one for stages that are as busy as they can be. */
function colourOf(busy: number | null, { idle, busy: full, high }: Colours): string {
  if (busy === null || busy < 0.005) return idle
  return busy >= HIGH ? high : mixed(idle, full, 0.2 + (0.8 * busy) / HIGH)
}

/** A colour between two colours in the form `#rrggbb`. */
function mixed(one: string, other: string, share: number): string {
  const part = (at: number): number => {
    const [from, to] = [one, other].map((colour) => Number.parseInt(colour.slice(at, at + 2), 16)) as [number, number]
    return Math.round(from + (to - from) * share)
  }
  return `rgb(${part(1)} ${part(3)} ${part(5)})`
}
