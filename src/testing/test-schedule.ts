import { host } from '#host'
import type { Runnable, Schedule } from '../process/schedule/scheduler.ts'

/** A fault that is planned for a step of the runtime. */
interface ScheduledFault {
  /** The step before which it is applied, or as soon afterwards as possible. */
  readonly step: number
  /** Applies the fault; returns whether that was possible. */
  apply(): boolean
}

/** How many of the last steps are recorded. */
const RECORDED_STEPS = 1_000
/** How often the event loop must turn without a step before delayed processes continue. */
const IDLE_TURNS = 2
/** Takes the turn if all processes that have something to do are delayed. */
const IDLE: Runnable = { id: 'idle', turn: () => 0 }

/**
 * The schedule of a test runtime: wraps another one, and applies planned faults between its steps.
 *
 * A step is one turn of one process. It records which processes took the last steps, so that the error of a test that
 * never settles can name them.
 */
export class TestSchedule implements Schedule {
  /** How many steps have been taken. */
  steps = 0
  private readonly inner: Schedule
  private faults: ScheduledFault[] = []
  /** By the id of a process, the step until which it is delayed. */
  private readonly delays = new Map<string, number>()
  /** The delayed processes that have something to do. None of them is in `inner`. */
  private delayed: Runnable[] = []
  /** Adds a process again after its delay; set when the runtime exists. */
  private rejoin: (process: Runnable) => void = () => {}
  /** Whether it is waiting for other processes to continue. */
  private isWaiting = false
  /** The ids of the processes that took the last steps, in a ring: step `n` is at `n % RECORDED_STEPS`. */
  private readonly last: (string | undefined)[] = []
  private isStopped = false

  constructor(inner: Schedule) {
    this.inner = inner
  }

  /** How many processes can take a step now. */
  get size(): number {
    return this.isStopped ? 0 : this.inner.size
  }

  /** Whether no process has anything to do, including the delayed ones. */
  get isIdle(): boolean {
    return this.size === 0 && this.delayed.length === 0
  }

  add(process: Runnable): void {
    this.inner.add(process)
  }

  next(): Runnable {
    this.steps++
    if (this.faults.length > 0) this.applyFaults()
    const process = this.delays.size === 0 ? this.inner.next() : this.nextUndelayed()
    if (process === undefined) {
      // No step is taken: the delayed processes wait for the steps of others.
      this.steps--
      return IDLE
    }
    this.last[this.steps % RECORDED_STEPS] = process.id
    return process
  }

  /** Sets how a delayed process is added again: through the scheduler, which then runs it. */
  rejoinBy(rejoin: (process: Runnable) => void): void {
    this.rejoin = rejoin
  }

  /** From now on no process runs. */
  stop(): void {
    this.isStopped = true
  }

  /** Plans a fault. */
  plan(fault: ScheduledFault): void {
    this.faults.push(fault)
  }

  /** Delays a process for so many steps of others, from the current one on; or until no other has anything to do. */
  delay(process: string, steps: number): void {
    this.delays.set(process, this.steps + steps)
  }

  /** The ids of the processes that took the last thousand steps, the busiest first. */
  lastToRun(): string[] {
    const counts = new Map<string, number>()
    for (const id of this.last) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
    return [...counts].sort(([, one], [, other]) => other - one).map(([id]) => id)
  }

  private applyFaults(): void {
    // A fault that could not be applied, because its stage does not exist yet, is tried again before the next step.
    this.faults = this.faults.filter((fault) => fault.step > this.steps || !fault.apply())
  }

  private nextUndelayed(): Runnable | undefined {
    for (const [process, until] of this.delays) if (until <= this.steps) this.endDelay(process)
    let next: Runnable | undefined
    while (next === undefined && this.inner.size > 0) {
      const process = this.inner.next()
      if (this.delays.has(process.id)) this.delayed.push(process)
      else next = process
    }
    if (this.delayed.length > 0 && this.inner.size === 0) this.waitForOthers(0)
    return next
  }

  /** Other processes may continue when a promise settles. Only if none does, the delays end early. */
  private waitForOthers(turns: number): void {
    if (this.isWaiting) return
    this.isWaiting = true
    const { steps } = this
    host.yieldToEventLoop(() => {
      this.isWaiting = false
      if (this.delayed.length === 0) return
      if (this.steps > steps) this.waitForOthers(0)
      else if (turns < IDLE_TURNS) this.waitForOthers(turns + 1)
      else for (const { id } of this.delayed) this.endDelay(id)
    })
  }

  private endDelay(process: string): void {
    this.delays.delete(process)
    const due = this.delayed.filter(({ id }) => id === process)
    this.delayed = this.delayed.filter(({ id }) => id !== process)
    for (const each of due) this.rejoin(each)
  }
}
