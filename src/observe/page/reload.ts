import type { Snapshot } from '../snapshot/snapshot-types.ts'
import type { Camera } from '../view/camera.ts'
import type { Hello } from '../view/page-update.ts'

const KEY = 'genstage'

/** What a page knows that the one after a reload should know too. */
interface Remembered {
  readonly hello: Hello | undefined
  readonly isFolding: boolean | undefined
  readonly opened: string | undefined
  readonly camera: Camera | undefined
  readonly unfolded: readonly string[]
  /** Units that were opened or closed by hand. */
  readonly units: readonly (readonly [unit: string, isOpen: boolean])[]
  readonly isTreeShown: boolean | undefined
  readonly snapshots: readonly Snapshot[]
}

/** So many stages are kept in all, over all snapshots: a browser keeps some five million characters. */
const MOST_STAGES = 4_000

/** The newest snapshots that are not too much to keep. */
export function keepable(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  let count = 0
  let first = snapshots.length
  for (let index = snapshots.length - 1; index >= 0; index--) {
    count += snapshots[index]?.stages.length ?? 0
    if (count > MOST_STAGES) break
    first = index
  }
  return snapshots.slice(first)
}

/** Keeps something for the page after this one, in this tab. */
export function rememberAcrossReloads(now: () => Remembered): {
  /** What the page before has left, if that was of the same server; once. */
  take(server: string): Remembered | undefined
} {
  let left = read()
  addEventListener('pagehide', () => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(now()))
    } catch {
      // Too much to keep, or the browser keeps nothing: the sparklines begin anew, and that is all.
      sessionStorage.removeItem(KEY)
    }
  })
  return {
    take(server) {
      const taken = left?.hello?.server === server ? left : undefined
      left = undefined
      return taken
    },
  }
}

function read(): Remembered | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Remembered | null) ?? undefined
  } catch {
    return undefined
  }
}
