import { closestName } from '../../base/closest-name.ts'
import { quote } from '../../base/quote.ts'
import type { TelemetryListeners } from '../../telemetry/telemetry.ts'
import { telemetryEvents } from '../../telemetry/telemetry-event-docs.ts'
import { defaultRuntime, expectRuntime, type Runtime } from '../runtime.ts'
import { inRuntimeOptions } from './runtime-options.ts'

/**
 * Listens to the telemetry events of the stages of a runtime.
 *
 * Listeners run synchronously, in the middle of the stage's work, in the order in which they were attached. They should
 * be quick, and must not modify their arguments. If a listener throws, or its promise rejects, that is logged, and the
 * listener is detached together with those that were attached in the same call. Without listeners, a batch costs one
 * branch.
 *
 * @param listeners By the name of the event; the telemetry reference lists all names.
 * @param options `runtime`: the runtime to listen to. Default: the program's own.
 * @returns Detaches the listeners. A second call does nothing.
 * @throws {TypeError} If an event is unknown, or a listener is not a function.
 *
 * @example The sizes of all batches
 * ```ts
 * import assert from 'node:assert/strict'
 * import { attachTelemetry, fromIterable, start } from 'genstage'
 * import { collector, testRuntime } from 'genstage/testing'
 *
 * const runtime = testRuntime()
 * const sizes: number[] = []
 * const detach = attachTelemetry({ 'batch.handled': ({ size }) => void sizes.push(size) }, { runtime })
 *
 * const sink = await start(collector<number>([]), { runtime })
 * await sink.subscribe(await start(fromIterable([1, 2, 3]), { runtime }), { maxDemand: 2, minDemand: 1 })
 * await runtime.settle()
 * detach()
 * assert.equal(sizes.reduce((sum, size) => sum + size), 3)
 * ```
 */
export function attachTelemetry(listeners: TelemetryListeners, options?: { readonly runtime?: Runtime }): () => void {
  const { runtime } = inRuntimeOptions.read(options, 'the options of attachTelemetry')
  const given: unknown = listeners
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`expected an object of listeners by the name of the event, got: ${quote(given)}`)
  }
  const names = Object.keys(telemetryEvents)
  for (const [name, listener] of Object.entries(given)) {
    if (!Object.hasOwn(telemetryEvents, name)) {
      const meant = closestName(name, names)
      throw new TypeError(`expected the name of an event, as '${meant}', got: ${quote(name)}`)
    }
    if (listener !== undefined && typeof listener !== 'function') {
      throw new TypeError(`expected the listener of '${name}' to be a function, got: ${quote(listener)}`)
    }
  }
  const { telemetry } = runtime === undefined ? defaultRuntime : expectRuntime(runtime)
  return telemetry.attach({ ...listeners })
}
