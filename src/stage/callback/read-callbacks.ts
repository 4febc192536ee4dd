/** Whether a value can be a stage's callbacks: an object, and no array. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The callbacks and options of a stage as an object of their own properties, for the option table to check.
 *
 * A literal stands for itself: only what is its own counts, and a misspelt name is refused. For an instance of a class
 * the methods of the class count too, and its other fields are its state, so nothing in it is misspelt.
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

/** All that a stage of any kind can be made of. */
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

/** The names of the methods that an instance has from its classes; undefined for what is no instance of a class. */
function methodsOf(callbacks: object): string[] | undefined {
  const names: string[] = []
  let prototype: object | null = Object.getPrototypeOf(callbacks)
  if (prototype === null || prototype === Object.prototype || !Object.hasOwn(prototype, 'constructor')) return undefined
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    names.push(...Object.getOwnPropertyNames(prototype))
  }
  return names
}
