import type { ExitCause } from './exit/exit-cause.ts'
import { Message } from './message.ts'
import type { ProcessRecord, Watch } from './process-record.ts'
import type { ProcessReference } from './reference.ts'

/**
 * Notifies one process, exactly once, when another one ends.
 *
 * The message, of kind `kind`, carries the monitor. Its receiver checks `isActive` first: if the monitor was removed
 * while the message was already in the mailbox, the message must be ignored.
 */
export class ProcessMonitor implements Watch {
  readonly kind: string
  /** The subscription that it guards; empty if there is none. */
  readonly tag: string
  readonly watcher: ProcessRecord
  readonly target: ProcessReference
  /** Called at once when the target ends, before the watcher has handled the message. */
  private readonly onExit: (() => void) | undefined
  isActive = true
  /** How the target ended; set when it has. */
  cause: ExitCause | undefined

  constructor(kind: string, tag: string, watcher: ProcessRecord, target: ProcessReference, onExit?: () => void) {
    this.kind = kind
    this.tag = tag
    this.watcher = watcher
    this.target = target
    this.onExit = onExit
  }

  /** Notifies the watcher, whose mailbox keeps the message after everything that the target has sent. */
  fire(cause: ExitCause): void {
    this.cause = cause
    this.onExit?.()
    this.watcher.watching?.delete(this)
    this.watcher.deliver(new Message(this.kind, this.tag, this.target, this))
  }

  /** Removes the monitor. A message that it has already sent will be ignored. */
  cancel(): void {
    this.isActive = false
    this.watcher.watching?.delete(this)
    this.target.process?.watchers?.delete(this)
  }
}

/**
 * Watches `target`; its end is reported by a message of kind `kind`.
 *
 * If the target has already ended, the message is sent at once, with reason `'noproc'`, as in OTP.
 *
 * @param endedAs The cause to report for a target that has already ended, in place of `'noproc'`.
 */
export function monitor(
  watcher: ProcessRecord,
  target: ProcessReference,
  kind: string,
  tag: string,
  endedAs?: ExitCause,
): ProcessMonitor {
  return watch(new ProcessMonitor(kind, tag, watcher, target), endedAs)
}

/** Like {@link monitor}, with a monitor that the caller has created. */
export function watch<Created extends ProcessMonitor>(created: Created, endedAs?: ExitCause): Created {
  const { watcher, target } = created
  const watched = target.process
  if (watched === undefined) {
    created.fire(endedAs ?? watcher.runtime.noProcess(target.label))
    return created
  }
  watched.watchers ??= new Set()
  watched.watchers.add(created)
  watcher.watching ??= new Set()
  watcher.watching.add(created)
  return created
}
