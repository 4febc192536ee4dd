import type { Snapshot, StageSnapshot } from '../snapshot/snapshot-types.ts'
import { amount, rate } from '../view/numbers.ts'
import type { Timeline } from '../view/timeline.ts'
import { html, ListView, setText } from './dom.ts'

/** The totals of a runtime, in the bar on top. */
export class TotalsView {
  private readonly list: ListView<readonly [name: string, value: string]>

  constructor(parent: Element) {
    this.list = new ListView(parent, () => {
      const name = html('dt')
      const value = html('dd')
      return {
        element: html('div', {}, name, value),
        update([nameText, valueText]) {
          setText(name, nameText)
          setText(value, valueText)
        },
      }
    })
  }

  show({ stages, subscriptions }: Snapshot, timeline: Timeline): void {
    // Stages that take no events bring them in from outside.
    const sources = stages.filter(({ consuming, producing }) => consuming === undefined && producing !== undefined)
    const perSecond = sources.flatMap(({ id }) => timeline.ratesOf(id).emitted ?? [])
    const incoming = perSecond.length === 0 ? null : perSecond.reduce((sum, each) => sum + each, 0)
    const totals = [
      ['stages', amount(stages.filter(hasEvents).length)],
      ['subscriptions', amount(subscriptions.length)],
      ['events in', `${rate(incoming)}/s`],
    ] as const
    this.list.show(totals, ([name]) => name)
  }
}

/** Whether a process takes or emits events. */
export function hasEvents({ consuming, producing }: StageSnapshot): boolean {
  return consuming !== undefined || producing !== undefined
}
