import { consumer, type ExitReason } from 'genstage'
import { type Gate, gate } from './test-stages.ts'

/** Children whose work a test finishes, event by event. */
export class ManualWork {
  readonly started: number[] = []
  readonly aborted: unknown[] = []
  readonly gates = new Map<number, Gate>()
  private running = 0
  mostRunning = 0

  readonly child = async (event: number, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    this.started.push(event)
    this.running++
    this.mostRunning = Math.max(this.mostRunning, this.running)
    signal.addEventListener('abort', () => {
      this.running--
      this.aborted.push([event, signal.reason])
    })
    const held = gate()
    this.gates.set(event, held)
    await held.opened
    this.running--
  }

  finish(...events: number[]): void {
    for (const event of events) this.gates.get(event)?.open()
  }
}

/** What `countChildren` resolves with: `active` children that run, and `others` that wait to be restarted. */
export const childCounts = (active: number, others: number = 0) => ({
  specs: 1,
  active,
  supervisors: 0,
  workers: active + others,
})

/** A stage that does nothing, and exits when `held` opens. */
export const lingering = (ends: unknown[], held: Gate = gate()) =>
  consumer({
    trapExit: true,
    handleEvents: () => {},
    async terminate(reason: ExitReason) {
      ends.push(reason)
      await held.opened
    },
  })
