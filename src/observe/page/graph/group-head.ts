import type { GraphGroup } from '../../view/graph.ts'
import { type DomView, html, setAttributes, setText } from '../dom.ts'

/** The content of a group's head. */
export interface GroupHead {
  readonly group: GraphGroup
  readonly title: string
  /** The title, shortened to fit. */
  readonly short: string
  readonly isOpened: boolean
  /** The width of the group on the screen, in CSS pixels. */
  readonly width: number
  /** How far the head is moved to the right, in CSS pixels. */
  readonly shift: number
}

/** The heads of narrower groups have no room for the kind of their unit. */
export const ROOM_FOR_KIND = 240

/** The actions of a head. */
interface GroupActions {
  /** Opens the details of the unit. */
  readonly open: (unit: string) => void
  /** Closes the unit. */
  readonly fold: (unit: string) => void
}

/** Creates the head of a group: the name of its unit, and a button that closes it. */
export function groupHeadView({ open, fold }: GroupActions): DomView<GroupHead> & { readonly element: HTMLElement } {
  const kind = html('span', { class: 'kind' })
  const title = html('span', { class: 'title' })
  const name = html('button', { type: 'button', class: 'name' }, kind, title)
  const close = html('button', { type: 'button', class: 'fold' }, '−')
  const element = html('div', { class: 'group' }, close, name)
  let key = ''
  name.addEventListener('click', () => open(key))
  close.addEventListener('click', () => fold(key))
  return {
    element,
    update(head) {
      key = head.group.key
      setText(kind, head.group.owner.kind)
      setText(title, head.short)
      setAttributes(element, { 'data-key': key })
      element.style.setProperty('--shift', String(head.shift))
      kind.hidden = head.width <= ROOM_FOR_KIND
      setAttributes(name, {
        'aria-expanded': head.isOpened ? 'true' : 'false',
        title: head.short === head.title ? undefined : head.title,
        'aria-label': `Details of ${head.group.owner.label}`,
      })
      setAttributes(close, {
        'aria-label': `Fold ${head.group.owner.label} into one box`,
        title: 'Fold into one box (O)',
      })
    },
  }
}
