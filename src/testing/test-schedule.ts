import { host } from '#host'
import type { Runnable, Schedule } from '../process/schedule/scheduler.ts'

/** Something that is to happen to the processes of a runtime between two of its steps. */
interface Disturbance {
  /** The step before which it is to happen, or as soon afterwards as it can. */
  readonly step: number
  /** Makes it happen; answers whether it could. */
  happen(): boolean
}

/** So many of the last steps are remembered. */
const REMEMBERED = 1_000
/** So often the event loop must turn, without a step, before those who were passed over are let go on. */
const IDLE_TURNS = 2
/** Whose turn it is where all that have something to do are passed over. */
const NOBODY: Runnable = { id: 'nobody', turn: () => 0 }

/**
 * The schedule of a test runtime: another one, between whose steps things may happen to the processes.
 *
 * A step is one turn of one process. It remembers who took the last steps, so that a test which never comes to rest can
 * say who keeps it going.
 */
export class TestSchedule implements Schedule {
  /** How many steps have been taken. */
  steps = 0
  private readonly inner: Schedule
  private disturbances: Disturbance[] = []
  /** Until which step a process, by its id, is passed over. */
  private readonly delays = new Map<string, number>()
  /** The processes that have been passed over, and have something to do. None of them is in `inner`. */
  private passedOver: Runnable[] = []
  /** Has a process that was passed over join again; set when the runtime is there. */
  private rejoin: (process: Runnable) => void = () => {}
  /** Whether it is being waited for whether anybody else goes on. */
  private isWaiting = false
  /** The ids of those who took the last steps, in a ring: step `n` stands at `n % REMEMBERED`. */
  private readonly last: (string | undefined)[] = []
  private isStopped = false

  constructor(inner: Schedule) {
    this.inner = inner
  }

  /** How many may take a step at once. */
  get size(): number {
    return this.isStopped ? 0 : this.inner.size
  }

  /** Whether nobody has anything to do, of those who are passed over either. */
  get isIdle(): boolean {
    return this.size === 0 && this.passedOver.length === 0
  }

  add(process: Runnable): void {
    this.inner.add(process)
  }

  next(): Runnable {
    this.steps++
    if (this.disturbances.length > 0) this.disturb()
    const process = this.delays.size === 0 ? this.inner.next() : this.nextUndelayed()
    if (process === undefined) {
      // No step is taken: those who are passed over wait for the steps of others.
      this.steps--
      return NOBODY
    }
    this.last[this.steps % REMEMBERED] = process.id
    return process
  }

  /** Says how a process joins again that was passed over: by way of the scheduler, which then runs it. */
  rejoinBy(rejoin: (process: Runnable) => void): void {
    this.rejoin = rejoin
  }

  /** From now on nobody runs any more. */
  stop(): void {
    this.isStopped = true
  }

  /** Plans something. */
  plan(disturbance: Disturbance): void {
    this.disturbances.push(disturbance)
  }

  /** Passes a process over for so many steps of others, from the one that is being taken; or until no other goes on. */
  delay(process: string, steps: number): void {
    this.delays.set(process, this.steps + steps)
  }

  /** The ids of those who took the last thousand steps, the busiest first. */
  lastToRun(): string[] {
    const counts = new Map<string, number>()
    for (const id of this.last) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
    return [...counts].sort(([, one], [, other]) => other - one).map(([id]) => id)
  }

  private disturb(): void {
    // What cannot happen yet, as there is nobody to whom it could, is tried again before the next step.
    this.disturbances = this.disturbances.filter((each) => each.step > this.steps || !each.happen())
  }

  private nextUndelayed(): Runnable | undefined {
    for (const [process, until] of this.delays) if (until <= this.steps) this.endDelay(process)
    let next: Runnable | undefined
    while (next === undefined && this.inner.size > 0) {
      const process = this.inner.next()
      if (this.delays.has(process.id)) this.passedOver.push(process)
      else next = process
    }
    if (this.passedOver.length > 0 && this.inner.size === 0) this.waitForOthers(0)
    return next
  }

  /** Others may go on when a promise has settled; only if none does, those who were passed over have waited enough. */
  private waitForOthers(turns: number): void {
    if (this.isWaiting) return
    this.isWaiting = true
    const { steps } = this
    host.yieldToEventLoop(() => {
      this.isWaiting = false
      if (this.passedOver.length === 0) return
      if (this.steps > steps) this.waitForOthers(0)
      else if (turns < IDLE_TURNS) this.waitForOthers(turns + 1)
      else for (const { id } of this.passedOver) this.endDelay(id)
    })
  }

  private endDelay(process: string): void {
    this.delays.delete(process)
    const due = this.passedOver.filter(({ id }) => id === process)
    this.passedOver = this.passedOver.filter(({ id }) => id !== process)
    for (const each of due) this.rejoin(each)
  }
}
