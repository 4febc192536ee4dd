import { host } from '#host'
import { ChurningMap } from '../base/collections/churning.ts'
import { isThenable } from '../base/is-thenable.ts'
import type { Logger, LogLevel } from '../base/logger.ts'
import { quote } from '../base/quote.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import { ExitCause } from './exit/exit-cause.ts'
import { ProgramScope } from './exit/program-scope.ts'
import type { ProcessRecord } from './process-record.ts'
import { FairSchedule, type Schedule, Scheduler } from './schedule/scheduler.ts'
import { type Clock, Timers } from './schedule/timers.ts'

/** How a runtime is made. */
export interface RuntimeOptions {
  /** Where time comes from. Default: the platform's monotonic clock and timers. */
  readonly clock?: Clock
  /** Where log messages go. Default: warnings and errors to the console, one line each. */
  readonly logger?: Logger
  /** Decides which process runs next. Default: first in, first out. */
  readonly schedule?: Schedule
  /**
   * How many turns run before the event loop continues, for runs that must not depend on the speed of the machine.
   * Default: as many as fit into 2 ms.
   */
  readonly turnsPerSlice?: number
  /** Freezes every batch before a callback receives it, so that a callback that modifies it fails. Default: false. */
  readonly freezeBatches?: boolean
}

/** Holds processes with their run queue, names, timers and logger. References of two runtimes cannot be combined. */
export interface Runtime {
  /** Identifies the runtime; every id and tag in it begins with it. */
  readonly id: string
}

let runtimes = 0

/** What the processes of a runtime share. */
export class ProcessRuntime implements Runtime {
  readonly id: string = `g${++runtimes}`
  readonly scheduler: Scheduler
  readonly timers: Timers
  readonly clock: Clock
  readonly freezesBatches: boolean
  /** What processes are linked to if they are started outside of any process. */
  readonly scope: ProgramScope
  /** All processes that have not ended, by id. */
  readonly processes: ChurningMap<string, ProcessRecord> = new ChurningMap<string, ProcessRecord>()
  readonly names: Map<string, ProcessRecord> = new Map<string, ProcessRecord>()
  readonly telemetry: Telemetry = new Telemetry((message, facts) => this.log('error', message, facts))
  /** Whether the end of the program reports its waiting stages; set by the first start. */
  isEndWatched = false
  private readonly logger: Logger
  private ids = 0
  private tags = 0

  constructor(options: RuntimeOptions = {}) {
    this.clock = options.clock ?? host
    this.logger = options.logger ?? host.logger
    this.scheduler = new Scheduler(options.schedule ?? new FairSchedule(), options.turnsPerSlice, this.clock)
    this.timers = new Timers(this.clock)
    this.freezesBatches = options.freezeBatches ?? false
    this.scope = new ProgramScope((error) => this.reportUncaught(error))
  }

  nextId(): string {
    return `${this.id}.${++this.ids}`
  }

  /** A tag for a subscription, unique across all runtimes of the program. */
  nextTag(): string {
    return `${this.id}:${++this.tags}`
  }

  /** Removes a process; its name is free from now on. */
  forget(process: ProcessRecord): void {
    this.processes.delete(process.id)
    if (process.name !== undefined && this.names.get(process.name) === process) this.names.delete(process.name)
  }

  /** The cause that is reported for a process that does not exist. */
  noProcess(label: string): ExitCause {
    return new ExitCause('noproc', label)
  }

  log(level: LogLevel, message: string, facts: Readonly<Record<string, unknown>>): void {
    try {
      const logged: unknown = this.logger[level](message, facts)
      // A logger may be asynchronous although the interface returns void. Its rejections are ignored.
      if (isThenable(logged)) logged.then(undefined, () => {})
    } catch {
      // A logger that throws must not end a process, and there is no other place to report it.
    }
  }

  /** Raises an error as uncaught, in a task of its own. */
  reportUncaught(error: unknown): void {
    host.reportUncaught(error)
  }
}

/** The runtime of everything that is started without the option `runtime`. */
export const defaultRuntime: ProcessRuntime = new ProcessRuntime()

/** Checks that a value is a runtime of this copy of the package. */
export function expectRuntime(value: unknown): ProcessRuntime {
  if (value instanceof ProcessRuntime) return value
  throw new TypeError(`expected runtime to be a runtime made by createRuntime, got: ${quote(value)}`)
}
