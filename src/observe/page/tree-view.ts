import type { Branch } from '../view/branches.ts'
import { amount } from '../view/numbers.ts'
import { type DomView, html, ListView, setAttributes, setText } from './dom.ts'

/** The supervision tree, as nested lists of buttons. */
export class TreeView {
  private readonly list: ListView<Branch>

  constructor(parent: Element, open: (stage: string) => void) {
    this.list = new ListView(parent, () => branchView(open))
  }

  show(branches: readonly Branch[]): void {
    this.list.show(branches, ({ key }) => key)
  }
}

function branchView(open: (stage: string) => void): DomView<Branch> {
  const text = html('span', { class: 'text' })
  const note = html('span', { class: 'note' })
  const button = html('button', { type: 'button' }, text, note)
  const children = html('ul')
  const element = html('li', {}, button, children)
  const list = new ListView<Branch>(children, () => branchView(open))
  let id: string | undefined
  button.addEventListener('click', () => {
    if (id !== undefined) open(id)
  })
  return {
    element,
    update(branch) {
      id = branch.id
      setText(text, branch.count === 1 ? branch.text : `${branch.text} × ${amount(branch.count)}`)
      setText(note, branch.note)
      setAttributes(button, { 'data-state': branch.state, disabled: id === undefined ? '' : undefined })
      list.show(branch.branches, ({ key }) => key)
    },
  }
}
