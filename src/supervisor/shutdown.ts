import { matching, type OptionType } from '../base/options/option-type.ts'
import { ExitCause } from '../process/exit/exit-cause.ts'
import { unlink } from '../process/exit/link.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import type { ProcessReference } from '../process/reference.ts'

/** How a child is ended: killed after this many milliseconds, or at once. */
export type Shutdown = number | 'brutal-kill'

/** The type of the option that specifies how a child is ended. */
export const shutdownType: OptionType<Shutdown> = matching(
  "a number of milliseconds of at least 0, Infinity or 'brutal-kill'",
  (value): value is Shutdown => typeof value === 'number' || value === 'brutal-kill',
  (value) => value === 'brutal-kill' || value >= 0,
)

/**
 * Ends a child as supervisors in OTP do. Resolves once it has ended.
 *
 * The child receives the exit signal `'shutdown'`; a process that traps exits then runs its `terminate`. It is killed when
 * its time is up. It is unlinked from its supervisor first.
 *
 * @param because The failure for which it is ended, which its consumers receive as the cause; undefined if the end was
 *   requested.
 */
export async function shutDown(
  supervisor: ProcessRecord,
  child: ProcessReference,
  shutdown: Shutdown,
  because: ExitCause | undefined,
): Promise<void> {
  const { process } = child
  if (process === undefined) return
  unlink(supervisor, process)
  const kill = (): void => process.kill(new ExitCause('killed', child.label, undefined, true, because))
  if (shutdown === 'brutal-kill') {
    kill()
    await child.exited
    return
  }
  const deadline = supervisor.runtime.timers.add(shutdown, kill)
  process.signalExit(supervisor, new ExitCause('shutdown', child.label, undefined, true, because), supervisor.reference)
  await child.exited
  deadline.cancel()
}
