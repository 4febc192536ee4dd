import { quote } from '../../base/quote.ts'
import { version } from '../../base/version.ts'
import type { Behaviour } from '../behaviour.ts'
import { copyOf, definitionBrand, thisCopy } from '../brands.ts'
import type { Process } from '../process.ts'
import type { ProcessRef } from '../process-ref.ts'
import type { ProcessReference } from '../reference.ts'
import type { Stage } from './start-types.ts'

/** How a process is created: the implementation of {@link Stage}. Runs once. */
export class Definition {
  /** The kind of process, such as `producer`. */
  readonly kind: string
  readonly createBehaviour: (process: Process) => Behaviour
  readonly createReference: (process: Process) => ProcessReference
  /**
   * How long a supervisor waits for such a process to end, in milliseconds, unless the child specification has its own
   * `shutdown`; undefined for the default of the supervisor.
   */
  readonly shutdown: number | 'brutal-kill' | undefined
  private isClaimed = false

  constructor(
    kind: string,
    createBehaviour: (process: Process) => Behaviour,
    createReference: (process: Process) => ProcessReference,
    shutdown?: number | 'brutal-kill',
  ) {
    this.kind = kind
    this.createBehaviour = createBehaviour
    this.createReference = createReference
    this.shutdown = shutdown
  }

  /** The definition as its public type. */
  as<Ref extends ProcessRef>(): Stage<Ref> {
    return this as unknown as Stage<Ref>
  }

  /**
   * Marks it as started.
   *
   * @throws {TypeError} If it has been started before: its callbacks hold the state of that stage.
   */
  claim(): void {
    if (this.isClaimed) {
      throw new TypeError(
        `expected a stage that has not been started before, got the same ${this.kind} again: write a function that ` +
          'creates the stage, and call it for each start',
      )
    }
    this.isClaimed = true
  }
}

Object.defineProperty(Definition.prototype, definitionBrand, { value: thisCopy })

// The types have no such methods. Without types, the message of a missing method would not mention the missing start.
for (const name of ['subscribe', 'call', 'cast', 'send', 'info', 'stop', 'drain']) {
  const value = function (this: Definition): never {
    throw new TypeError(
      `expected a stage that has been started, got a ${this.kind} that has not: call ${name} on what ` +
        '`await startLink(stage)` returns',
    )
  }
  Object.defineProperty(Definition.prototype, name, { value, writable: true, configurable: true })
}

/** Checks that a value can be started by this copy of the package. */
export function expectDefinition(value: unknown): Definition {
  if (value instanceof Definition) return value
  const copy = copyOf(value, definitionBrand)
  if (copy !== undefined) {
    throw new TypeError(
      'expected a stage, got one that was created by another copy of genstage in this program ' +
        `(version ${String((copy as { version?: unknown }).version)}; this one is ${version}): install one copy`,
    )
  }
  throw new TypeError(
    'expected a stage, created by producer, producerConsumer, consumer or another factory, ' +
      `got: ${quote(value)}${typeof value === 'function' ? ' (call the function, and pass what it returns)' : ''}`,
  )
}
