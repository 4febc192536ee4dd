import type { ExitCause } from './exit/exit-cause.ts'
import { Message } from './message.ts'
import type { Process } from './process.ts'
import type { ProcessReference } from './reference.ts'

/**
 * One process watching another: it is told of any end, exactly once.
 *
 * The message, of kind `kind`, carries the monitor itself. Whoever receives it must first ask `isActive`: a monitor
 * that was taken away while its message already lay in the mailbox must not be heard any more.
 */
export class ProcessMonitor {
  readonly kind: string
  /** The subscription it guards, where it does. */
  readonly tag: string
  readonly watcher: Process
  readonly target: ProcessReference
  isActive = true
  /** How the target ended; set when it has. */
  cause: ExitCause | undefined

  constructor(kind: string, tag: string, watcher: Process, target: ProcessReference) {
    this.kind = kind
    this.tag = tag
    this.watcher = watcher
    this.target = target
  }

  /** Tells the watcher, whose mailbox keeps the message behind everything the target has sent before. */
  fire(cause: ExitCause): void {
    this.cause = cause
    this.watcher.watching?.delete(this)
    this.watcher.deliver(new Message(this.kind, this.tag, this.target, this))
  }

  /** Takes the monitor away, and with it a message that is already on its way. */
  cancel(): void {
    this.isActive = false
    this.watcher.watching?.delete(this)
    this.target.process?.watchers?.delete(this)
  }
}

/**
 * Watches `target`; the end comes as a message of kind `kind`.
 *
 * Of a process that has already ended the message comes at once, with reason `'noproc'`, as in OTP.
 *
 * @param endedAs How it has ended, where another reason than `'noproc'` is to be given.
 */
export function monitor(
  watcher: Process,
  target: ProcessReference,
  kind: string,
  tag: string,
  endedAs?: ExitCause,
): ProcessMonitor {
  return watch(new ProcessMonitor(kind, tag, watcher, target), endedAs)
}

/** The same for a monitor that was made already. */
export function watch<Watch extends ProcessMonitor>(created: Watch, endedAs?: ExitCause): Watch {
  const { watcher, target } = created
  const watched = target.process
  if (watched === undefined) {
    created.fire(endedAs ?? watcher.runtime.noProcess(target))
    return created
  }
  watched.watchers ??= new Set()
  watched.watchers.add(created)
  watcher.watching ??= new Set()
  watcher.watching.add(created)
  return created
}
