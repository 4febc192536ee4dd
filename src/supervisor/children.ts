import { StageEndedError } from '../base/errors.ts'
import { quote } from '../base/quote.ts'
import type { ExitCause } from '../process/exit/exit-cause.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import { nameOf } from '../process/start/name-of.ts'
import { Child } from './child.ts'
import type { ValidChildSpec } from './child-spec.ts'

/** The children of a supervisor. */
export class Children {
  private readonly supervisor: ProcessRecord
  /** In the order in which they are started. Replaced when a child is forgotten, so a loop over it is not disturbed. */
  private list: Child[] = []

  constructor(supervisor: ProcessRecord, specs: readonly ValidChildSpec[]) {
    this.supervisor = supervisor
    for (const spec of specs) this.add(spec)
  }

  /** All children, in the order in which they are started. */
  get all(): readonly Child[] {
    return this.list
  }

  /**
   * Adds a child after all others, without starting it.
   *
   * @throws {TypeError} If another child has the same id.
   */
  add(spec: ValidChildSpec): Child {
    const name = spec.name === undefined ? undefined : nameOf(spec.name)
    const id = spec.id ?? name ?? this.freeIndex()
    if (this.find(id) !== undefined) throw new TypeError(`expected child ids to be unique, got ${quote(id)} twice`)
    const child = new Child(id, spec)
    this.list.push(child)
    return child
  }

  private freeIndex(): string {
    let index = this.list.length
    while (this.find(String(index)) !== undefined) index++
    return String(index)
  }

  /** The child with this id. */
  find(id: unknown): Child | undefined {
    return this.list.find((child) => child.id === id)
  }

  /** Removes a child. */
  forget(child: Child): void {
    this.list = this.list.filter((each) => each !== child)
  }

  /** Starts a child. A temporary child whose setup function returned `'ignore'` is forgotten. */
  async start(child: Child): Promise<void> {
    // A supervisor that was killed in the meantime starts no child any more: nothing would stop it.
    if (this.supervisor.status === 'ended') {
      const { label, reference } = this.supervisor
      throw new StageEndedError('startChild', label, reference.exitReason)
    }
    await child.start(this.supervisor)
    if (child.reference === undefined && child.spec.restart === 'temporary') this.forget(child)
  }

  /**
   * Stops children, the last one first.
   *
   * @param because The failure for which they are stopped; undefined if that was requested.
   */
  async stop(children: readonly Child[], because: ExitCause | undefined): Promise<void> {
    for (const child of children.toReversed()) await child.shutDown(this.supervisor, because)
  }
}
