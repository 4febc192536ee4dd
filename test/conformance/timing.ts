import { setImmediate } from 'node:timers/promises'

/** When callbacks answer: at once, or after the microtasks, or after the timers and I/O that are due by then. */
export type Timing = 'direct' | 'microtask' | 'macrotask'

/** Makes a callback answer later. Its body still runs at once; only the answer, or what it throws, is held back. */
export type Later = <Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
) => (...args: Args) => Result | Promise<Awaited<Result>>

/** The way to make callbacks answer with this timing. */
export function laterBy(timing: Timing): Later {
  if (timing === 'direct') return (callback) => callback
  const wait = timing === 'microtask' ? () => Promise.resolve() : () => setImmediate()
  return (callback) =>
    async (...args): Promise<Awaited<ReturnType<typeof callback>>> => {
      try {
        return await callback(...args)
      } finally {
        await wait()
      }
    }
}
