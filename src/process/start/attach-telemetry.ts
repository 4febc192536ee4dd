import { closestName } from '../../base/closest-name.ts'
import { quote } from '../../base/quote.ts'
import type { TelemetryListeners } from '../../telemetry/telemetry.ts'
import { telemetryEvents } from '../../telemetry/telemetry-events.ts'
import { defaultRuntime, expectRuntime, type Runtime } from '../runtime.ts'
import { inRuntimeOptions } from './runtime-options.ts'

/**
 * Listens to what the stages of a runtime tell of themselves.
 *
 * Listeners run at once, in the middle of what the stage does, in the order in which they were attached: they should
 * be quick, and must not change what they are handed. One that throws, or whose promise rejects, is reported to the
 * logger and detached, together with those it was attached with. While nobody listens, a batch costs one branch.
 *
 * @param listeners By the name of the event: see the reference of telemetry.
 * @param options `runtime`: whose stages to listen to. Default: the program's own.
 * @returns Detaches the listeners; a second call does nothing.
 * @throws {TypeError} If an event is unknown, or a listener is no function.
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
