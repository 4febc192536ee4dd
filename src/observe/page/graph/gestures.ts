import type { Spot } from '../../view/layout/drawing.ts'

/** The actions of gestures on the graph. */
interface GestureActions {
  move(by: Spot): void
  /** Zooms around a place of the window. */
  zoom(factor: number, at: Spot): void
}

/** A pointer that moves less than this clicks, in pixels. */
const CLICK = 4
/** How much a step of the wheel zooms, and one of a pinch on a touchpad, which browsers report as a wheel with Ctrl. */
const WHEEL = 0.0016
const PINCH = 0.01

/** Listens for the wheel, for dragging and for pinches. */
export function gestures(area: HTMLElement, actions: GestureActions): void {
  const placeOf = ({ clientX, clientY }: MouseEvent): Spot => {
    const { left, top } = area.getBoundingClientRect()
    return { x: clientX - left, y: clientY - top }
  }
  area.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1
      if (event.shiftKey) actions.move({ x: -(event.deltaX || event.deltaY) * unit, y: 0 })
      else actions.zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? PINCH : WHEEL)), placeOf(event))
    },
    { passive: false },
  )
  const pointers = new Map<number, Spot>()
  let moved = 0
  area.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    if (pointers.size === 0) moved = 0
    pointers.set(event.pointerId, placeOf(event))
  })
  area.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId)
    if (before === undefined) return
    const now = placeOf(event)
    const by = { x: now.x - before.x, y: now.y - before.y }
    if (pointers.size === 1) {
      moved += Math.hypot(by.x, by.y)
      if (moved < CLICK) return
      // Only now, so that a click reaches the element under the pointer.
      if (!area.hasPointerCapture(event.pointerId)) area.setPointerCapture(event.pointerId)
      area.dataset.dragging = ''
      actions.move(by)
    } else {
      moved = CLICK
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1] ?? before
      const distance = Math.max(1, Math.hypot(before.x - other.x, before.y - other.y))
      actions.zoom(Math.hypot(now.x - other.x, now.y - other.y) / distance, {
        x: (now.x + other.x) / 2,
        y: (now.y + other.y) / 2,
      })
    }
    pointers.set(event.pointerId, now)
  })
  const release = ({ pointerId }: PointerEvent): void => {
    pointers.delete(pointerId)
    delete area.dataset.dragging
  }
  area.addEventListener('pointerup', release)
  area.addEventListener('pointercancel', release)
  area.addEventListener(
    'click',
    (event) => {
      // A drag is no click. Clicks of the keyboard have no pointer.
      if (moved >= CLICK && event.detail > 0) event.stopPropagation()
    },
    { capture: true },
  )
}
