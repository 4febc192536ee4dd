import { setImmediate, setTimeout } from 'node:timers/promises'

/**
 * How many of thousands that nobody holds may be there all the same.
 *
 * The engine keeps a few for reasons of its own, as what its inline caches last saw and what lies in a slot of its stack;
 * on a busy machine it has been 3 of 5,000. What this library held, it would hold of all of them.
 */
export const MOST_KEPT_BY_ENGINE = 10

/** How often it is collected, as long as something is left: what the engine has in hand it lets go of after a while. */
const MOST_ROUNDS = 12

/** Collects what can be collected, and counts what is left; gives up looking once no more than `enough` are. */
export async function countLeft(weak: readonly WeakRef<object>[], enough: number = 0): Promise<number> {
  const { gc } = globalThis as { readonly gc?: () => void }
  if (gc === undefined) throw new Error('this test needs node --expose-gc, as vitest.config.ts says')
  let left = weak.length
  for (let round = 0; round < MOST_ROUNDS && left > enough; round++) {
    // A weak reference that was made or read in this turn of the event loop still holds what it is of.
    await setImmediate()
    await setTimeout(1)
    gc()
    await setImmediate()
    left = weak.filter((each) => each.deref() !== undefined).length
  }
  return left
}
