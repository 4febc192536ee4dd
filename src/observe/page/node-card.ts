import type { Bar, Card } from '../view/card.ts'
import { html, ListView, setAttributes, setText, type View } from './dom.ts'
import { sparkline } from './sparkline.ts'

/** How wide a card is, in CSS pixels. */
export const CARD_WIDTH = 216

/** How high a card with so many bars is. */
export function cardHeight(bars: number): number {
  return 76 + bars * 16
}

/** A node of the graph, as a button that opens its details. */
export function cardView(): View<Card> & { readonly element: HTMLButtonElement } {
  const kind = html('span', { class: 'kind' })
  const count = html('span', { class: 'count' })
  const state = html('span', { class: 'state' })
  const title = html('span', { class: 'title' })
  const flow = html('span', { class: 'number' })
  const unit = html('span', { class: 'unit' })
  const curve = sparkline()
  const bars = html('span', { class: 'bars' })
  const barList = new ListView<Bar>(bars, barView)
  const element = html(
    'button',
    { type: 'button', class: 'card', tabindex: -1 },
    html('span', { class: 'head' }, kind, count, state),
    title,
    html('span', { class: 'flow' }, flow, unit, curve.element),
    bars,
  )
  return {
    element,
    update(card) {
      setText(kind, card.kind)
      setText(count, card.isFold ? `× ${card.count}` : '')
      setText(state, card.state)
      setText(title, card.title)
      setText(flow, card.flow)
      setText(unit, card.state === 'ended' ? '' : '/s')
      curve.update(card.series)
      barList.show(card.bars, ({ name }) => name)
      setAttributes(element, {
        'data-key': card.key,
        'data-kind': card.kind,
        'data-state': card.state,
        'data-fold': card.isFold ? '' : undefined,
        'data-both': card.flow.includes('→') ? '' : undefined,
        'data-severity': card.severity,
        'aria-label': card.label,
        title: card.title.length > 22 ? card.title : undefined,
      })
    },
  }
}

function barView(): View<Bar> {
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
