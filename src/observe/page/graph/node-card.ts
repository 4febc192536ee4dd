import type { Detail } from '../../view/camera.ts'
import { type Bar, type Card, HIGH } from '../../view/card.ts'
import { type DomView, html, ListView, setAttributes, setText } from '../dom.ts'
import { sparkline } from '../sparkline.ts'

/** The width of a card, in CSS pixels. */
export const CARD_WIDTH = 216

/** The height of a card with a number of bars. */
export function cardHeight(bars: number): number {
  return 76 + bars * 16
}

/** A card as it is shown. */
export interface ShownCard extends Card {
  /** Its title, shortened to fit. */
  readonly short: string
  readonly detail: Detail
  /** Whether it has room for more than its name. */
  readonly isTall: boolean
}

/** Creates a node of the graph: a button that opens its details. */
export function cardView(): DomView<ShownCard> & { readonly element: HTMLButtonElement } {
  const kind = html('span', { class: 'kind' })
  const content = html('span', { class: 'content' })
  const state = html('span', { class: 'state' })
  const title = html('span', { class: 'title' })
  const flow = html('span', { class: 'number' })
  const unit = html('span', { class: 'unit' })
  const curve = sparkline()
  const bars = html('span', { class: 'bars' })
  const strip = html('i')
  const barList = new ListView<Bar>(bars, barView)
  const element = html(
    'button',
    { type: 'button', class: 'card', tabindex: -1 },
    html('span', { class: 'head' }, kind, content, state),
    title,
    html('span', { class: 'flow' }, flow, unit, curve.element),
    bars,
    html('span', { class: 'strip' }, strip),
  )
  let last: ShownCard | undefined
  return {
    element,
    update(card) {
      if (card === last) return
      last = card
      setText(kind, card.kind)
      setText(content, card.content)
      setText(state, card.note)
      setText(title, card.short)
      setText(flow, card.flow)
      setText(unit, card.state === 'ended' ? '' : '/s')
      curve.update(card.series)
      barList.show(card.bars, ({ name }) => name)
      setAttributes(element, {
        'data-key': card.key,
        'data-kind': card.kind,
        'data-state': card.state,
        'data-detail': card.detail,
        'data-tall': card.isTall ? '' : undefined,
        'data-fold': card.isFold ? '' : undefined,
        'data-unit': card.isUnit ? '' : undefined,
        'data-level': (card.busy ?? 0) >= HIGH ? 'high' : undefined,
        'data-both': card.flow.includes('→') ? '' : undefined,
        'data-severity': card.severity,
        'aria-label': card.label,
        title: card.short === card.title && card.detail === 'card' ? undefined : card.label,
      })
      element.style.setProperty('--share', (card.busy ?? 0).toFixed(3))
    },
  }
}

function barView(): DomView<Bar> {
  const name = html('span', { class: 'name' })
  const fill = html('i', { class: 'fill' })
  const text = html('span', { class: 'value' })
  const element = html('span', { class: 'row' }, name, html('span', { class: 'track' }, fill), text)
  return {
    element,
    update(bar) {
      setText(name, bar.name)
      setText(text, bar.text)
      setAttributes(element, {
        'data-kind': bar.kind,
        'data-level': bar.isHigh ? 'high' : undefined,
      })
      fill.style.transform = `scaleX(${(bar.share ?? 0).toFixed(3)})`
    },
  }
}
