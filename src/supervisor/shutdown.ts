import { matching, type OptionType } from '../base/option-type.ts'
import { ExitCause } from '../process/exit/exit-cause.ts'
import { unlink } from '../process/exit/link.ts'
import type { Process } from '../process/process.ts'
import type { ProcessReference } from '../process/reference.ts'

/** How a child is ended: so many milliseconds to do it by itself, or at once. */
export type Shutdown = number | 'brutal-kill'

/** An option that says how a child is ended. */
export const shutdownType: OptionType<Shutdown> = matching(
  "a number of milliseconds of at least 0, Infinity or 'brutal-kill'",
  (value): value is Shutdown => typeof value === 'number' || value === 'brutal-kill',
  (value) => value === 'brutal-kill' || value >= 0,
)

/**
 * Ends a child as OTP's supervisors do, and resolves when it has ended.
 *
 * It is sent the exit signal `'shutdown'`, which a process that traps exits answers by running its `terminate`; when its
 * time is up it is killed. From here on the child is no longer linked to its supervisor.
 *
 * @param because The failure for which it is ended; undefined where that was asked for. Readers of its events see it.
 */
export async function shutDown(
  supervisor: Process,
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
