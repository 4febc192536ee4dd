import type { AbortSignalLike } from './abort-signal-like.ts'
import type { Host } from './host.ts'

/** The globals that this file uses; the core is compiled without the types of any platform. */
interface WebPlatform {
  readonly performance: { now(): number }
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null; ref?(): void; unref?(): void }
    readonly port2: { postMessage(message: unknown): void }
  }
  readonly AbortController: new () => { readonly signal: AbortSignalLike; abort(reason: unknown): void }
  readonly console: { warn(...values: unknown[]): void; error(...values: unknown[]): void }
  /** Returns a number in browsers, and on Node an object whose `unref` lets the program end. */
  readonly setTimeout: (run: () => void, ms: number) => number | { unref?(): void }
  readonly clearTimeout: (timer: unknown) => void
  readonly queueMicrotask: (run: () => void) => void
  readonly reportError?: (error: unknown) => void
}

const platform = globalThis as unknown as WebPlatform
const { performance, setTimeout, clearTimeout, queueMicrotask, MessageChannel, AbortController, console, reportError } =
  platform

// A message through a channel is the only macrotask that browsers do not slow down, as they do with nested timeouts.
const channel = new MessageChannel()
let waiting: (() => void)[] = []
channel.port1.onmessage = () => {
  const due = waiting
  waiting = []
  // First, because what runs may throw, or wait again.
  channel.port1.unref?.()
  for (const run of due) run()
}
// A bundle for no particular platform may run on Node, where a listening port keeps the program alive.
channel.port1.unref?.()

/** The host for browsers and every other platform with the common functions of the Web. */
export const host: Host = {
  now: () => performance.now(),
  setTimer(run, ms) {
    const timer = setTimeout.call(globalThis, run, ms)
    return {
      clear: () => clearTimeout.call(globalThis, timer),
      unref: () => {
        if (typeof timer === 'object') timer.unref?.()
      },
    }
  },
  yieldToEventLoop(run) {
    waiting.push(run)
    if (waiting.length > 1) return
    channel.port1.ref?.()
    channel.port2.postMessage(null)
  },
  enqueueMicrotask: (run) => queueMicrotask.call(globalThis, run),
  reportUncaught(error) {
    setTimeout.call(
      globalThis,
      () => {
        if (reportError === undefined) throw error
        reportError.call(globalThis, error)
      },
      0,
    )
  },
  // These platforms have no async context.
  captureContext: () => (run) => run(),
  createAbort: () => new AbortController(),
  // A page does not end when it has nothing left to do.
  describeEnd() {},
  logger: {
    debug() {},
    info() {},
    warn: (message) => console.warn(message),
    error: (message) => console.error(message),
  },
}
