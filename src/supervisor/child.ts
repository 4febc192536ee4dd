import { NameTakenError, StartIgnoredError } from '../base/errors.ts'
import type { ExitCause } from '../process/exit/exit-cause.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import type { ProcessReference } from '../process/reference.ts'
import { type Definition, expectDefinition } from '../process/start/definition.ts'
import { nameOf } from '../process/start/name-of.ts'
import { launchProcess } from '../process/start/start.ts'
import type { ChildInspection } from '../telemetry/inspection.ts'
import type { ValidChildSpec } from './child-spec.ts'
import { type Shutdown, shutDown } from './shutdown.ts'

/** How long a child may take to end by default, in milliseconds. */
const DEFAULT_SHUTDOWN = 5_000

/**
 * A child of a supervisor, across all its restarts.
 *
 * ```text
 *   stopped ──start──> running ──it ends, or shutDown──> stopped
 *      └── start fails: restarting, if it was running before ──┘
 * ```
 */
export class Child {
  readonly id: string
  readonly spec: ValidChildSpec
  /** The process; undefined while none is running. */
  reference: ProcessReference | undefined
  /** Whether a restart has failed and will be retried. */
  isRestarting = false
  /** How its kind of process is ended by default; known once it was started. */
  private defaultShutdown: Shutdown = DEFAULT_SHUTDOWN
  /** The kind of its process, such as `producer`; known once it was started. */
  kind: string | undefined

  constructor(id: string, spec: ValidChildSpec) {
    this.id = id
    this.spec = spec
  }

  get isSupervisor(): boolean {
    return this.kind === 'supervisor' || this.kind === 'consumer-supervisor'
  }

  /** How it is ended. */
  private get shutdown(): Shutdown {
    return this.spec.shutdown ?? this.defaultShutdown
  }

  /**
   * Starts it, linked to its supervisor. It stays stopped if its setup function returned `'ignore'`.
   *
   * Rejects if it cannot be started.
   */
  async start(supervisor: ProcessRecord): Promise<void> {
    this.isRestarting = false
    const definition: Definition = expectDefinition(this.spec.start())
    const name = this.spec.name === undefined ? undefined : nameOf(this.spec.name)
    this.kind = definition.kind
    this.defaultShutdown = definition.shutdown ?? DEFAULT_SHUTDOWN
    definition.claim()
    const holder = name === undefined ? undefined : supervisor.runtime.names.get(name)
    if (name !== undefined && holder !== undefined) throw new NameTakenError(name, `${holder.kind} ${holder.id}`)
    const { reference, started } = launchProcess(definition, supervisor.runtime, { name, parent: supervisor })
    try {
      this.reference = reference
      await started
    } catch (error) {
      this.reference = undefined
      if (!(error instanceof StartIgnoredError)) throw error
    }
  }

  inspect(): ChildInspection {
    const { id, spec, reference } = this
    const stateWithoutProcess = this.isRestarting ? 'restarting' : 'stopped'
    return {
      id,
      process: reference?.id ?? null,
      kind: this.kind ?? null,
      restart: spec.restart,
      state: reference === undefined ? stateWithoutProcess : 'running',
    }
  }

  /**
   * Ends its process, if one is running.
   *
   * @param because The failure for which it is ended; undefined if that was requested.
   */
  async shutDown(supervisor: ProcessRecord, because?: ExitCause): Promise<void> {
    const { reference } = this
    this.reference = undefined
    this.isRestarting = false
    if (reference !== undefined) await shutDown(supervisor, reference, this.shutdown, because)
  }
}
