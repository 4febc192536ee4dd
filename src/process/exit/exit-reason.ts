import { isError } from '../../base/is-error.ts'

/**
 * Why a process ended: data, not an exception.
 *
 * `'normal'` and `'shutdown'` (also `{ shutdown: why }`) are orderly ends. `'killed'` is what a `'kill'` leaves behind,
 * `'noproc'` what is said of a process that was not there. What a callback throws is its stage's exit reason, the same
 * object. The names and their meaning are OTP's.
 */
export type ExitReason =
  | 'normal'
  | 'shutdown'
  | 'killed'
  | 'noproc'
  | { readonly shutdown: unknown }
  | Error
  // Any other value may be a reason; the named ones are there to be offered.
  | {}
  | null
  | undefined

/** Whether a reason means an orderly end: `'normal'`, `'shutdown'` or `{ shutdown: why }`. */
export function isCleanExit(reason: ExitReason): boolean {
  return reason === 'normal' || isShutdown(reason)
}

/** Whether a reason is `'shutdown'` or `{ shutdown: why }`. Never throws: one that cannot be looked at is neither. */
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
