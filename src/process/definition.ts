import { quote } from '../base/quote.ts'
import { version } from '../base/version.ts'
import type { Behaviour, Process } from './process.ts'
import type { ProcessRef } from './process-ref.ts'
import type { ProcessReference } from './reference.ts'
import type { Stage } from './startable.ts'

/** Marks definitions across copies and versions of this package in one program. */
const brand: unique symbol = Symbol.for('genstage.definition') as never

/** How a process of some kind is made: what stands behind a {@link Stage}. Runs once. */
export class Definition {
  /** What it is called where it has no name, as `producer`. */
  readonly kind: string
  readonly behave: (process: Process) => Behaviour
  readonly refer: (process: Process) => ProcessReference
  private isClaimed = false

  constructor(kind: string, behave: (process: Process) => Behaviour, refer: (process: Process) => ProcessReference) {
    this.kind = kind
    this.behave = behave
    this.refer = refer
  }

  /** Gives the definition the type it is known by outside. */
  as<Ref extends ProcessRef>(): Stage<Ref> {
    return this as unknown as Stage<Ref>
  }

  /**
   * Marks it as used.
   *
   * @throws {TypeError} If it was before: its callbacks hold the state of the stage that they ran as.
   */
  claim(): void {
    if (this.isClaimed) {
      throw new TypeError(
        `expected a stage that has not been started before, got the same ${this.kind} again: write a function that ` +
          'makes the stage, and call it for each start',
      )
    }
    this.isClaimed = true
  }
}

Object.defineProperty(Definition.prototype, brand, { value: { version } })

/** Checks that a value can be started by this copy of the package. */
export function expectDefinition(value: unknown): Definition {
  if (value instanceof Definition) return value
  const copy = typeof value === 'object' && value !== null ? (value as { [brand]?: unknown })[brand] : undefined
  if (copy !== undefined) {
    throw new TypeError(
      'expected a stage, got one that was made by another copy of genstage in this program ' +
        `(version ${String((copy as { version?: unknown }).version)}; this one is ${version}): install one copy`,
    )
  }
  throw new TypeError(
    'expected a stage, made by producer, producerConsumer, consumer or another maker, ' +
      `got: ${quote(value)}${typeof value === 'function' ? ' (call the function, and pass what it makes)' : ''}`,
  )
}
