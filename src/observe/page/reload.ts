import type { Snapshot } from '../snapshot/snapshot-types.ts'
import type { Camera } from '../view/camera.ts'
import type { Hello } from '../view/page-update.ts'

const KEY = 'genstage'

/** The state of a page that is kept across a reload. */
interface Remembered {
  readonly hello: Hello | undefined
  readonly isFolding: boolean | undefined
  readonly opened: string | undefined
  readonly camera: Camera | undefined
  readonly unfolded: readonly string[]
  /** Units that the user has opened or closed. */
  readonly units: readonly (readonly [unit: string, isOpen: boolean])[]
  readonly isTreeShown: boolean | undefined
  readonly snapshots: readonly Snapshot[]
}

/** The most stages that are kept, in all snapshots together: a browser stores some five million characters. */
const MOST_STAGES = 4_000

/** The newest snapshots that are small enough to be kept together. */
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

/** Keeps the state of this page for the next one in this tab. */
export function rememberAcrossReloads(now: () => Remembered): {
  /** Returns the state of the previous page, if it had the same server. Returns it only once. */
  take(server: string): Remembered | undefined
} {
  let remembered = read()
  addEventListener('pagehide', () => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(now()))
    } catch {
      // It is too much, or the browser stores nothing: then only the sparklines are lost.
      sessionStorage.removeItem(KEY)
    }
  })
  return {
    take(server) {
      const taken = remembered?.hello?.server === server ? remembered : undefined
      remembered = undefined
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
