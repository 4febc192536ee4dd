import { host } from '#host'

/**
 * Makes a function that runs what it is given in a microtask, in the async context of here and now.
 *
 * For what belongs to users and follows from a stage's turn: it must neither run inside of that turn nor throw into it.
 */
export function makeDefer(): (run: () => void) => void {
  const inContext = host.captureContext()
  return (run) => inContext(() => host.enqueueMicrotask(run))
}
