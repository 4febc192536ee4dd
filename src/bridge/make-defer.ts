import { host } from '#host'

/**
 * Makes a function that calls its argument in a microtask, in the async context in which `makeDefer` was called.
 *
 * For users' code that is called because of a stage's turn: it must neither run inside that turn nor throw into it.
 */
export function makeDefer(): (run: () => void) => void {
  const inContext = host.captureContext()
  return (run) => inContext(() => host.enqueueMicrotask(run))
}
