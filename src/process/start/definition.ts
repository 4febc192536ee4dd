import { quote } from '../../base/quote.ts'
import { version } from '../../base/version.ts'
import type { Behaviour, Process } from '../process.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { ProcessReference } from '../reference.ts'
import type { Stage } from './start-types.ts'

/** Marks definitions across copies and versions of this package in one program. */
const brand: unique symbol = Symbol.for('genstage.definition') as never

/** How a process of some kind is made: what stands behind a {@link Stage}. Runs once. */
export class Definition {
  /** What it is called where it has no name, as `producer`. */
  readonly kind: string
  readonly createBehaviour: (process: Process) => Behaviour
  readonly createReference: (process: Process) => ProcessReference
  /**
   * How long a supervisor gives such a process to end, in milliseconds, or that it kills it, where the child's
   * specification says nothing; undefined leaves it to the supervisor.
   */
  readonly shutdown: number | 'brutal-kill' | undefined
  private isClaimed = false

  constructor(
    kind: string,
    behave: (process: Process) => Behaviour,
    refer: (process: Process) => ProcessReference,
    shutdown?: number | 'brutal-kill',
  ) {
    this.kind = kind
    this.createBehaviour = behave
    this.createReference = refer
    this.shutdown = shutdown
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

// Types refuse these; without types the message of a missing method would say nothing about the missing start.
for (const name of ['subscribe', 'call', 'cast', 'send', 'info', 'stop', 'drain']) {
  const value = function (this: Definition): never {
    throw new TypeError(
      `expected a stage that has been started, got a ${this.kind} that has not: call ${name} on what ` +
        '`await startLink(stage)` returns',
    )
  }
  Object.defineProperty(Definition.prototype, name, { value, writable: true, configurable: true })
}

/** Whether a value is a stage that is not started yet, made by this copy of the package. */
export function isDefinition(value: unknown): value is Definition {
  return value instanceof Definition
}

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
