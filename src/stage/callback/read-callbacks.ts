/** Whether a value can be the callbacks of a stage: an object that is not an array. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Returns the callbacks and options of a stage as an object with own properties, which the option table checks.
 *
 * An object literal is returned as it is: only its own properties count, and a misspelt name is an error. Of an instance
 * of a class, the methods of the class count as well. Its other fields are its state, so none of them is an error.
 */
export function readCallbacks(callbacks: object): object {
  const methods = methodsOf(callbacks)
  if (methods === undefined) return callbacks
  const view: Record<string, unknown> = {}
  for (const name of [...methods, ...Object.keys(callbacks)]) {
    if (CALLBACKS.has(name)) view[name] = (callbacks as Record<string, unknown>)[name]
  }
  return view
}

/** The callbacks and options of all kinds of stages. */
const CALLBACKS = new Set([
  'bufferKeep',
  'bufferSize',
  'demand',
  'dispatcher',
  'formatDiscarded',
  'handleCall',
  'handleCancel',
  'handleCast',
  'handleDemand',
  'handleEvents',
  'handleInfo',
  'handleSubscribe',
  'inspect',
  'onProducerEnd',
  'subscribeTo',
  'terminate',
  'trapExit',
])

/** The names of the methods that an instance inherits from its classes; undefined if it is not an instance of one. */
function methodsOf(callbacks: object): string[] | undefined {
  const names: string[] = []
  let prototype: object | null = Object.getPrototypeOf(callbacks)
  if (prototype === null || prototype === Object.prototype || !Object.hasOwn(prototype, 'constructor')) return undefined
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    names.push(...Object.getOwnPropertyNames(prototype))
  }
  return names
}
