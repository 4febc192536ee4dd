import type { Card } from '../view/card.ts'
import { percent } from '../view/numbers.ts'
import { setText } from './dom.ts'

/** The tooltip of the mark under the pointer. */
export class Tooltip {
  private readonly element: HTMLElement

  constructor(element: HTMLElement) {
    this.element = element
  }

  show({ kind, title, state, busy, flow, content }: Card, { clientX, clientY }: MouseEvent, area: HTMLElement): void {
    const { left, top, width, height } = area.getBoundingClientRect()
    const facts = [state, `busy ${percent(busy)}`, ...(state === 'ended' ? [] : [`${flow} /s`])]
    setText(this.element, `${[kind, title, content].filter((part) => part !== '').join(' ')}\n${facts.join(' · ')}`)
    this.element.hidden = false
    // It opens towards the middle, so that it fits into the window.
    const x = clientX - left
    const y = clientY - top
    const { offsetWidth, offsetHeight } = this.element
    const at = [
      x > width / 2 ? Math.max(0, x - offsetWidth - 14) : Math.min(x + 14, width - offsetWidth),
      y > height / 2 ? y - offsetHeight - 14 : y + 18,
    ]
    this.element.style.transform = `translate(${at[0]}px, ${at[1]}px)`
  }

  hide(): void {
    this.element.hidden = true
  }
}
