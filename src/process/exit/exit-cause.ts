import { describeDropped, describeReason, StageFailure, ThrownValueError } from '../../base/errors.ts'
import { isError } from '../../base/is-error.ts'
import { quote } from '../../base/quote.ts'
import { type ExitReason, isCleanExit } from './exit-reason.ts'

/**
 * The end of a process, told as one story to all who end because of it.
 *
 * It travels with exit signals and DOWN messages, so that a failure is reported once however many stages die of it,
 * and always under the name of the one where it began.
 */
export class ExitCause {
  readonly reason: ExitReason
  /** Where it began: the process's kind and its name, or its kind and its id. */
  readonly origin: string
  /** The callback that failed, where one did. */
  readonly callback: string | undefined
  /** Whether somebody asked for this end (`stop`, `exit`, disposal): then nobody needs to be told. */
  readonly isRequested: boolean
  /**
   * The failure that a requested end goes back to, as when a supervisor shuts a child down because another one failed;
   * undefined where the owner of the process, or the program, ended it on purpose.
   */
  readonly because: ExitCause | undefined
  /** How many events the process in which it began dropped at its end. */
  dropped = 0
  /** Set once a scope has surfaced it; there is one report per cause. */
  isReported = false

  constructor(reason: ExitReason, origin: string, callback?: string, askedFor = false, because?: ExitCause) {
    this.reason = asData(reason)
    this.origin = origin
    this.callback = callback
    this.isRequested = askedFor
    this.because = because
  }

  /**
   * The end as readers of the process's events have to see it: the failure behind a shutdown, or else this end itself.
   *
   * A reader that took every `'shutdown'` for a clean end would take truncated output for complete output.
   */
  get root(): ExitCause {
    return this.because?.root ?? this
  }

  /** Whether the process had delivered all it was meant to deliver, as far as its readers can know. */
  get isClean(): boolean {
    return isCleanExit(this.root.reason)
  }

  /** Whether it has to be reported to somebody. */
  get isFailure(): boolean {
    return !this.isRequested && !isCleanExit(this.reason)
  }

  /** The error that surfaces where nobody deals with it. */
  toFailure(): StageFailure {
    const { origin, callback, reason, dropped } = this
    return new StageFailure(origin, callback, reason, dropped > 0 ? { dropped } : {})
  }

  /** One line: who failed, in which callback, of what, and where in the user's code. */
  describe(): string {
    const where = this.callback === undefined ? '' : ` in ${this.callback}`
    const what = describeReason(this.reason).replaceAll(/\s*[\r\n]+\s*/g, ' ')
    return `${this.origin} failed${where}: ${what}${placeOf(this.reason)}${describeDropped(this.dropped)}`
  }
}

/** The end of a supervisor that gave up: orderly for those linked to it, as in OTP, and yet a failure to be reported. */
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

  /** Its children are shut down because of it, and their readers must not take that for a clean end. */
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
 * A reason is data: `exited`, a promise itself, could not resolve with a promise, but would wait for it. It would reject
 * where looking for a `then` throws, so a reason that refuses to be looked at is replaced, too.
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

/** Whatever a callback threw, as an exit reason: an `Error` is taken as it is, so that nobody can end by `throw 'normal'`. */
export function thrownReason(thrown: unknown): Error {
  return isError(thrown) ? thrown : new ThrownValueError(thrown)
}

/** Ties the reason that was there before to the error that took its place, where that lets itself be tied. */
export function replaceReason(former: ExitReason, thrown: unknown): Error {
  const reason = thrownReason(thrown)
  try {
    if (reason !== former && reason.cause === undefined && Object.isExtensible(reason)) {
      Object.defineProperty(reason, 'cause', { value: former, configurable: true, writable: true })
    }
  } catch {
    // An error whose `cause` cannot be read or set is a reason all the same.
  }
  return reason
}

/** Where an error was made, as ` (at file:line)`, from its stack's first frame. */
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
