import type { GraphFrame } from '../../view/graph.ts'
import { type DomView, html, setAttributes, setText } from '../dom.ts'

/** What stands on top of a frame. */
export interface FrameHead {
  readonly frame: GraphFrame
  readonly title: string
  /** The title as it fits. */
  readonly short: string
  readonly isOpened: boolean
  /** How wide the frame is seen, in CSS pixels. */
  readonly width: number
  /** How far to the right it stands, in CSS pixels. */
  readonly shift: number
}

/** Narrower frames have no room for the kind of their unit. */
export const ROOM_FOR_KIND = 240

/** What a head can do. */
interface FrameActions {
  /** Opens the details of the unit. */
  readonly open: (unit: string) => void
  /** Closes the unit. */
  readonly fold: (unit: string) => void
}

/** The name of a unit on its frame, and a button that closes it. */
export function frameHeadView({ open, fold }: FrameActions): DomView<FrameHead> & { readonly element: HTMLElement } {
  const kind = html('span', { class: 'kind' })
  const title = html('span', { class: 'title' })
  const name = html('button', { type: 'button', class: 'name' }, kind, title)
  const close = html('button', { type: 'button', class: 'fold' }, '−')
  const element = html('div', { class: 'frame' }, close, name)
  let key = ''
  name.addEventListener('click', () => open(key))
  close.addEventListener('click', () => fold(key))
  return {
    element,
    update(head) {
      key = head.frame.key
      setText(kind, head.frame.owner.kind)
      setText(title, head.short)
      setAttributes(element, { 'data-key': key })
      element.style.setProperty('--shift', String(head.shift))
      kind.hidden = head.width <= ROOM_FOR_KIND
      setAttributes(name, {
        'aria-expanded': head.isOpened ? 'true' : 'false',
        title: head.short === head.title ? undefined : head.title,
        'aria-label': `Details of ${head.frame.owner.label}`,
      })
      setAttributes(close, {
        'aria-label': `Fold ${head.frame.owner.label} into one box`,
        title: 'Fold into one box (O)',
      })
    },
  }
}
