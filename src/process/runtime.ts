import { host } from '#host'
import { isThenable } from '../base/is-thenable.ts'
import type { Logger, LogLevel } from '../base/logger.ts'
import { quote } from '../base/quote.ts'
import { ShortLivedMap } from '../base/short-lived.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import { ExitCause } from './exit/exit-cause.ts'
import type { Process } from './process.ts'
import { ProgramScope } from './program-scope.ts'
import type { ProcessReference } from './reference.ts'
import { FairSchedule, type Schedule, Scheduler } from './schedule/scheduler.ts'
import { type Clock, Timers } from './schedule/timers.ts'

/** How a runtime is made. */
export interface RuntimeOptions {
  /** Where time comes from. Default: the platform's monotonic clock and timers. */
  readonly clock?: Clock
  /** Where messages go. Default: warnings and errors, a line each, to the console. */
  readonly logger?: Logger
  /** Who runs next. Default: first in, first out. */
  readonly schedule?: Schedule
  /**
   * How many turns are run before the event loop has its own, for runs that must not depend on the speed of the
   * machine. Default: as many as fit into 2 ms.
   */
  readonly turnsPerSlice?: number
  /** Freezes every batch before a callback sees it, so that one who changes it is found out. Default: false. */
  readonly freezeBatches?: boolean
}

/** Where processes live: their run queue, names, timers and logger. References of two runtimes do not mix. */
export interface Runtime {
  /** Identifies the runtime; part of every id and tag in it. */
  readonly id: string
}

let runtimes = 0

/** All that the processes of a runtime share. */
export class ProcessRuntime implements Runtime {
  readonly id: string = `g${++runtimes}`
  readonly scheduler: Scheduler
  readonly timers: Timers
  readonly clock: Clock
  readonly freezesBatches: boolean
  /** What processes are linked to that are started outside of any process. */
  readonly scope: ProgramScope
  /** All that live, by id. */
  readonly processes: ShortLivedMap<string, Process> = new ShortLivedMap<string, Process>()
  readonly names: Map<string, Process> = new Map<string, Process>()
  readonly telemetry: Telemetry = new Telemetry((message, facts) => this.log('error', message, facts))
  /** Whether its stages are looked at when the program ends: from the first start on. */
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
    this.scope = new ProgramScope(this)
  }

  nextId(): string {
    return `${this.id}.${++this.ids}`
  }

  /** A tag for a subscription: unlike any other, in this runtime and, by the runtime's id, beyond. */
  nextTag(): string {
    return `${this.id}:${++this.tags}`
  }

  /** Takes a process out of the books; its name is free from now on. */
  forget(process: Process): void {
    this.processes.delete(process.id)
    if (process.name !== undefined && this.names.get(process.name) === process) this.names.delete(process.name)
  }

  /** The end of a process that was not there. */
  noProcess(target: ProcessReference): ExitCause {
    return new ExitCause('noproc', target.label)
  }

  log(level: LogLevel, message: string, facts: Readonly<Record<string, unknown>>): void {
    try {
      const logged: unknown = this.logger[level](message, facts)
      // A logger may be asynchronous where the interface says void; its rejection is its own affair.
      if (isThenable(logged)) logged.then(undefined, () => {})
    } catch {
      // A logger that throws must bring nobody down, and there is no one left to tell.
    }
  }

  /** Raises an error as uncaught, in a task of its own. */
  reportUncaught(error: unknown): void {
    host.reportUncaught(error)
  }
}

/** The runtime of everything that is started without naming one. */
export const defaultRuntime: ProcessRuntime = new ProcessRuntime()

/** Checks that a value is a runtime of this copy of the package. */
export function expectRuntime(value: unknown): ProcessRuntime {
  if (value instanceof ProcessRuntime) return value
  throw new TypeError(`expected runtime to be a runtime made by createRuntime, got: ${quote(value)}`)
}
