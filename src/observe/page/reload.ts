import type { Snapshot } from '../snapshot/snapshot-types.ts'
import type { Hello } from '../view/frame.ts'

const KEY = 'genstage'

/** What a page knows that the one after a reload should know too. */
export interface Remembered {
  readonly hello: Hello | undefined
  readonly isFolding: boolean | undefined
  readonly opened: string | undefined
  readonly scale: number | undefined
  readonly unfolded: readonly string[]
  readonly snapshots: readonly Snapshot[]
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
