import { isError } from '../../base/is-error.ts'

/**
 * Why a process ended: data, not an exception.
 *
 * `'normal'` and `'shutdown'` (also `{ shutdown: why }`) are clean exits. `'killed'` is the reason after a `'kill'`, and
 * `'noproc'` the reason that is reported for a process that does not exist. If a callback throws an error, the exit reason
 * is that same object. The names and their meanings are those of OTP.
 */
export type ExitReason =
  | 'normal'
  | 'shutdown'
  | 'killed'
  | 'noproc'
  | { readonly shutdown: unknown }
  | Error
  // Any other value may be a reason. The named ones are listed so that editors offer them.
  | {}
  | null
  | undefined

/** Whether a reason means a clean exit: `'normal'`, `'shutdown'` or `{ shutdown: why }`. */
export function isCleanExit(reason: ExitReason): boolean {
  return reason === 'normal' || isShutdown(reason)
}

/** Whether a reason is `'shutdown'` or `{ shutdown: why }`. Never throws: a reason that cannot be read is neither. */
function isShutdown(reason: ExitReason): boolean {
  if (reason === 'shutdown') return true
  if (typeof reason !== 'object' || reason === null || isError(reason)) return false
  try {
    const keys = Object.keys(reason)
    return keys.length === 1 && keys[0] === 'shutdown'
  } catch {
    return false
  }
}
