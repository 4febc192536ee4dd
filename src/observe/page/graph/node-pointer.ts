import { areTouching, detailAt } from '../../view/camera.ts'
import type { Card } from '../../view/card.ts'
import { Tooltip } from '../tooltip.ts'
import type { CameraControl } from './camera-control.ts'
import type { GraphLayout } from './graph-layout.ts'

/** How far from a mark the pointer still hits it, in pixels. */
const BESIDE = 3

/** The elements that the pointer is over. */
interface PointerElements {
  readonly area: HTMLElement
  readonly tooltip: HTMLElement
}

/** The actions of the pointer on nodes. */
interface PointerActions {
  click(key: string): void
  clickTwice(key: string): void
  /** The card of a node, for the tooltip. */
  cardOf(key: string): Card | undefined
}

/** Finds the node under the pointer, by its place in the drawing: marks have no elements. Shows the tooltip of a mark. */
export class NodePointer {
  private readonly area: HTMLElement
  private readonly tooltip: Tooltip
  private readonly camera: CameraControl
  private readonly layout: GraphLayout
  private readonly actions: PointerActions

  constructor(
    { area, tooltip }: PointerElements,
    { camera, layout }: { readonly camera: CameraControl; readonly layout: GraphLayout },
    actions: PointerActions,
  ) {
    this.area = area
    this.tooltip = new Tooltip(tooltip)
    this.camera = camera
    this.layout = layout
    this.actions = actions
    area.addEventListener('click', (event) => this.click(event))
    area.addEventListener('dblclick', (event) => this.clickTwice(event))
    area.addEventListener('pointermove', (event) => this.hover(event))
    area.addEventListener('pointerleave', () => this.tooltip.hide())
  }

  private click(event: MouseEvent): void {
    const isOnButton = event.target instanceof Element && event.target.closest('button') !== null
    const key = isOnButton ? undefined : this.nodeAt(event)
    if (key !== undefined) this.actions.click(key)
  }

  private clickTwice(event: MouseEvent): void {
    const key = this.nodeAt(event)
    if (key !== undefined) this.actions.clickTwice(key)
  }

  private hover(event: PointerEvent): void {
    const isShown = detailAt(this.camera.now.scale) === 'mark' && event.buttons === 0
    const key = isShown ? this.nodeAt(event) : undefined
    const card = key === undefined ? undefined : this.actions.cardOf(key)
    if (card === undefined) this.tooltip.hide()
    else this.tooltip.show(card, event, this.area)
  }

  private nodeAt(event: MouseEvent): string | undefined {
    const { left, top } = this.area.getBoundingClientRect()
    const { x, y, scale } = this.camera.now
    // Marks are small, so a place next to one hits it, too.
    const around = detailAt(scale) === 'mark' ? BESIDE / scale : 0
    const spot = {
      x: (event.clientX - left - x) / scale - around,
      y: (event.clientY - top - y) / scale - around,
      width: 2 * around,
      height: 2 * around,
    }
    for (const [key, place] of this.layout.drawing.boxes) if (areTouching(place, spot)) return key
    return undefined
  }
}
