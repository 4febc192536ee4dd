import type { Direction } from '../view/neighbour.ts'

/** The actions of keys. */
interface KeyActions {
  /** Moves the focus to another node. */
  move(direction: Direction): void
  /** Moves the drawing. */
  pan(direction: Direction): void
  close(): void
  fold(): void
  /** Opens the node that has the focus into its parts, or closes the unit around it. */
  toggle(): void
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

/** Listens for keys. Arrows move the focus if a node has it, or else the drawing. All other keys work anywhere. */
export function keys(graph: HTMLElement, actions: KeyActions): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const direction = directions[event.key]
    if (direction !== undefined) {
      const { activeElement } = document
      const isOnNode = activeElement?.closest('.card') != null && graph.contains(activeElement)
      // Elsewhere, in findings and details, arrows scroll.
      const isOnGraph = activeElement === document.body || graph.contains(activeElement)
      if (!isOnGraph) return
      event.preventDefault()
      if (isOnNode) actions.move(direction)
      else actions.pan(direction)
      return
    }
    if (event.key === 'Escape') actions.close()
    else if (event.key === 'f' || event.key === 'F') actions.fold()
    else if (event.key === 'o' || event.key === 'O') actions.toggle()
    else if (event.key === '+' || event.key === '=') actions.larger()
    else if (event.key === '-') actions.smaller()
    else if (event.key === '0') actions.fit()
  })
}
