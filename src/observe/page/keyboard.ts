import type { Direction } from '../view/neighbour.ts'

/** What keys do. */
export interface KeyActions {
  move(direction: Direction): void
  close(): void
  fold(): void
  larger(): void
  smaller(): void
  fit(): void
}

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

/** Listens for keys: arrows where a node of the graph has the focus, the others anywhere. */
export function keys(graph: HTMLElement, actions: KeyActions): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const direction = directions[event.key]
    if (direction !== undefined) {
      const isOnNode = graph.contains(document.activeElement) && document.activeElement !== graph
      if (!isOnNode) return
      event.preventDefault()
      actions.move(direction)
      return
    }
    if (event.key === 'Escape') actions.close()
    else if (event.key === 'f' || event.key === 'F') actions.fold()
    else if (event.key === '+' || event.key === '=') actions.larger()
    else if (event.key === '-') actions.smaller()
    else if (event.key === '0') actions.fit()
  })
}
