import { AsyncResource } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import { performance } from 'node:perf_hooks'
import nodeProcess from 'node:process'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import type { Host } from './host.ts'

const now = performance.now.bind(performance)
const settled = Promise.resolve()
const { error, warn } = console
/** The exit code of a program that ends in the middle of a top-level `await`. */
const UNSETTLED_AWAIT = 13

/** The host for Node, Bun and Deno. */
export const host: Host = {
  now,
  setTimer(run, ms) {
    const timer = setTimeout(run, ms)
    return { clear: () => clearTimeout(timer), unref: () => timer.unref() }
  },
  yieldToEventLoop(run) {
    setImmediate(run)
  },
  // Costs less than queueMicrotask, which creates an async resource for each function.
  enqueueMicrotask(run) {
    void settled.then(run)
  },
  reportUncaught(failure) {
    setImmediate(() => {
      throw failure
    })
  },
  // Does the same as `AsyncLocalStorage.snapshot`, without its arrays of arguments.
  captureContext() {
    const resource = new AsyncResource('genstage')
    return (run) => resource.runInAsyncScope(run)
  },
  createAbort() {
    const controller = new AbortController()
    // The signal of a stage is passed to everything that the stage waits for, so many listeners are no leak.
    setMaxListeners(0, controller.signal)
    return { signal: controller.signal, abort: (reason) => controller.abort(reason) }
  },
  describeEnd(describe) {
    let isOutOfWork = false
    nodeProcess.on('beforeExit', () => {
      isOutOfWork = true
      // Runs only if another listener has added work. An immediate would keep Bun alive even after `unref`.
      setTimeout(() => {
        isOutOfWork = false
      }, 0).unref()
    })
    // Not earlier: only now is it certain that the program ends, and known whether an await is unsettled.
    nodeProcess.on('exit', () => {
      if (!isOutOfWork) return
      const lines = describe(nodeProcess.exitCode === UNSETTLED_AWAIT)
      if (lines.length > 0) error(lines.join('\n'))
    })
  },
  logger: {
    debug() {},
    info() {},
    warn: (message) => warn(message),
    error: (message) => error(message),
  },
}
