import { describeDropped, describeReason, StageFailure, ThrownValueError } from '../../base/errors.ts'
import { isError } from '../../base/is-error.ts'
import { quote } from '../../base/quote.ts'
import { type ExitReason, isCleanExit } from './exit-reason.ts'

/**
 * Why a process ended. All processes that end because of it share the same cause.
 *
 * It travels with exit signals and DOWN messages. So a failure is reported once, however many processes it ends, and
 * always under the name of the process where it began.
 */
export class ExitCause {
  readonly reason: ExitReason
  /** The process where it began: its kind, and its name or else its id. */
  readonly origin: string
  /** The callback that failed; undefined if none did. */
  readonly callback: string | undefined
  /** Whether the end was requested (`stop`, `exit`, disposal). Then it is not reported. */
  readonly isRequested: boolean
  /**
   * The failure that led to a requested end, for example when a supervisor shuts a child down because another child
   * failed; undefined if the owner of the process, or the program, requested it.
   */
  readonly because: ExitCause | undefined
  /** How many events were dropped by the process where it began. */
  dropped = 0
  /** Set once a scope has reported it; there is one report per cause. */
  isReported = false

  constructor(reason: ExitReason, origin: string, callback?: string, isRequested = false, because?: ExitCause) {
    this.reason = asData(reason)
    this.origin = origin
    this.callback = callback
    this.isRequested = isRequested
    this.because = because
  }

  /**
   * The cause for consumers of the process's events: the failure that led to a shutdown, or else this cause.
   *
   * A consumer that took every `'shutdown'` for a clean exit would take truncated output for complete output.
   */
  get root(): ExitCause {
    return this.because?.root ?? this
  }

  /** Whether the process had emitted all of its events, as far as its consumers can know. */
  get isClean(): boolean {
    return isCleanExit(this.root.reason)
  }

  /** Whether it has to be reported. */
  get isFailure(): boolean {
    return !this.isRequested && !isCleanExit(this.reason)
  }

  /** The error that is reported as uncaught if nothing handles the failure. */
  toFailure(): StageFailure {
    const { origin, callback, reason, dropped } = this
    return new StageFailure(origin, callback, reason, dropped > 0 ? { dropped } : {})
  }

  /** One line: the process that failed, the callback, the reason, and its place in user code. */
  describe(): string {
    const where = this.callback === undefined ? '' : ` in ${this.callback}`
    const what = describeReason(this.reason).replaceAll(/\s*[\r\n]+\s*/g, ' ')
    return `${this.origin} failed${where}: ${what}${placeOf(this.reason)}${describeDropped(this.dropped)}`
  }

  /**
   * The cause after a callback has thrown while the process was already ending because of this one.
   *
   * @param origin The process, and `callback` its callback.
   */
  replacedBy(thrown: unknown, origin: string, callback: string | undefined): ExitCause {
    const reason = replaceReason(this.reason, thrown)
    return reason === this.reason ? this : new ExitCause(reason, origin, callback)
  }
}

/**
 * The end of a supervisor that has exceeded its restart limit. As in OTP, it is a clean exit for linked processes; it is
 * reported as a failure all the same.
 */
export class RestartLimitReached extends ExitCause {
  private readonly why: string
  private readonly last: ExitCause

  constructor(origin: string, why: string, last: ExitCause) {
    super('shutdown', origin)
    this.why = why
    this.last = last
  }

  override get isFailure(): boolean {
    return true
  }

  /** Its children are shut down because of it, and their consumers must not take that for a clean exit. */
  override get root(): ExitCause {
    return this.last.isClean ? new ExitCause(this.toFailure(), this.origin) : this.last.root
  }

  override describe(): string {
    return `${this.origin} gave up: ${this.why}; the last: ${this.last.describe()}`
  }

  override toFailure(): StageFailure {
    return new StageFailure(this.origin, undefined, this.reason, { message: this.describe(), cause: this.last.reason })
  }
}

/**
 * Replaces a reason that `exited` cannot resolve with. That promise would wait for a reason that is itself a promise, and
 * would reject if reading `then` of the reason throws.
 */
function asData(reason: ExitReason): ExitReason {
  if ((typeof reason !== 'object' && typeof reason !== 'function') || reason === null) return reason
  let what = 'a promise'
  try {
    if (typeof (reason as { readonly then?: unknown }).then !== 'function') return reason
  } catch {
    what = 'a value that cannot be read'
  }
  return new TypeError(`expected an exit reason, got ${what}: ${quote(reason)}`, { cause: reason })
}

/** What a callback threw, as an exit reason. Only an `Error` is kept unchanged, so `throw 'normal'` is no clean exit. */
export function thrownReason(thrown: unknown): Error {
  return isError(thrown) ? thrown : new ThrownValueError(thrown)
}

/** Sets the former reason as the `cause` of the error that replaces it, if the error allows that. */
function replaceReason(former: ExitReason, thrown: unknown): Error {
  const reason = thrownReason(thrown)
  try {
    if (reason !== former && reason.cause === undefined && Object.isExtensible(reason)) {
      Object.defineProperty(reason, 'cause', { value: former, configurable: true, writable: true })
    }
  } catch {
    // An error whose `cause` cannot be read or set is still a valid reason.
  }
  return reason
}

/** Where an error was created, as ` (at file:line)`, from the first frame of its stack. */
function placeOf(reason: ExitReason): string {
  if (!isError(reason)) return ''
  try {
    const { stack } = reason
    if (typeof stack !== 'string') return ''
    const frame = stack.split('\n').find((line) => /^\s+at /.test(line))
    return frame === undefined ? '' : ` (${frame.trim()})`
  } catch {
    return ''
  }
}
