import type { Unit, Units } from '../snapshot/unit-tree.ts'
import { openByDefault } from '../view/open-by-default.ts'

/** Which units are open: as the user has set them, or else as they were when the page first saw them. */
export class OpenUnits {
  /** The units that the user has opened or closed, by the ids of their owners. */
  private readonly chosen = new Map<string, boolean>()
  /** The others. They are decided once, so that nothing opens or closes by itself. */
  private readonly initial = new Map<string, boolean>()

  isOpen({ owner }: Unit, all: Units): boolean {
    const chosen = this.chosen.get(owner.id)
    if (chosen !== undefined) return chosen
    if (!this.initial.has(owner.id)) {
      const open = openByDefault(all)
      for (const id of all.units.keys()) if (!this.initial.has(id)) this.initial.set(id, open.has(id))
    }
    return this.initial.get(owner.id) ?? false
  }

  /** Opens or closes the unit of this owner. */
  set(owner: string, isOpen: boolean): void {
    this.chosen.set(owner, isOpen)
  }

  /** The choices of the user, to be restored after a reload. */
  get choices(): readonly (readonly [owner: string, isOpen: boolean])[] {
    return [...this.chosen]
  }

  /** Forgets everything: the program was started again. */
  clear(): void {
    this.chosen.clear()
    this.initial.clear()
  }
}
