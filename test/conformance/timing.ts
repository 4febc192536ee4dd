import { setImmediate } from 'node:timers/promises'

/** When callbacks return: immediately, after the microtasks, or after the timers and I/O that are due by then. */
export type Timing = 'direct' | 'microtask' | 'macrotask'

/** Makes a callback return later. Its body still runs immediately; only its result or its error is delayed. */
export type Later = <Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
) => (...args: Args) => Result | Promise<Awaited<Result>>

/** The function that makes callbacks return with this timing. */
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
