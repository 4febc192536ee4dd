import { host } from '#host'
import { Ring } from '../../base/collections/ring.ts'
import type { Clock } from './timers.ts'

/** An entry of a schedule: a process that has something to do. */
export interface Runnable {
  /** Identifies the process. */
  readonly id: string
  /** The process that runs after it, while both wait in a {@link FairSchedule}; undefined otherwise. */
  nextInQueue?: Runnable | undefined
  /** Runs one turn. Returns the amount of work, about one per message. Must not throw. */
  turn(): number
}

/** Decides which of the processes that have something to do runs next. */
export interface Schedule {
  /** How many processes wait for their turn. */
  readonly size: number
  /** Adds a process, which is not waiting already. */
  add(process: Runnable): void
  /** Removes and returns the process that runs next. Called only while `size` is above 0. */
  next(): Runnable
}

/**
 * First in, first out: the default schedule. Its queue is a list through the processes themselves.
 *
 * It is a class because engines store an object literal with a getter as a hash table, which cost a seventh of the time
 * of a message.
 */
export class FairSchedule implements Schedule {
  size = 0
  private first: Runnable | undefined = undefined
  private last: Runnable | undefined = undefined

  add(process: Runnable): void {
    const { last } = this
    if (last === undefined) this.first = process
    else last.nextInQueue = process
    this.last = process
    this.size++
  }

  next(): Runnable {
    const first = this.first as Runnable
    const { nextInQueue } = first
    if (nextInQueue === undefined) this.last = undefined
    else first.nextInQueue = undefined
    this.first = nextInQueue
    this.size--
    return first
  }
}

/** How long all runtimes together may run before the event loop continues, in milliseconds. */
const SLICE = 2
/** How much work may be done between two readings of the clock. */
const WORK_PER_READING = 64
/** How many events of a batch count as one unit of work, as a power of two. */
const EVENTS_PER_WORK = 3
/** The same while events are quick, as measured by the last reading: a reading costs as much as about thirty of them. */
const QUICK_EVENTS_PER_WORK = 5
/** The most time between two readings that counts as quick, in milliseconds. */
const QUICK = 0.05
/** The work of waking up an idle scheduler, which may run a single turn. */
const WORK_OF_WAKING = 8
/** The work of an event that is given to a loop outside of all processes, which may do anything with it. */
const WORK_OUTSIDE = 8

// The budget belongs to the thread. If it were counted from each drain, callbacks that are `async` without waiting would
// begin a new slice with every microtask, and timers would starve.
const outsideContext = host.captureContext()
let yieldIsArmed = false
let deadline = 0
/** The last reading of the clock. */
let lastReading = 0
/** What resumes in the next slice, all of it: it is known to be short, or counts its own turns. */
let waitingForSlice: (() => void)[] = []
/** The runtimes that have used up a slice, each of them once. They take turns: the first one has the next slice. */
const contenders = new Ring<() => void>()

/** Begins a slice, unless one has begun in this turn of the event loop. Returns whether it did. */
function armYield(): boolean {
  if (yieldIsArmed) return false
  yieldIsArmed = true
  lastReading = host.now()
  deadline = lastReading + SLICE
  outsideContext(() => host.yieldToEventLoop(renewBudget))
  return true
}

function renewBudget(): void {
  yieldIsArmed = false
  if (waitingForSlice.length === 0 && contenders.length === 0) return
  const due = waitingForSlice
  waitingForSlice = []
  armYield()
  for (const resume of due) resume()
  // Only those that are waiting now: a runtime that has used up the slice is added again, at the end.
  for (let left = contenders.length; left > 0; left--) {
    const resume = contenders.shift() as () => void
    resume()
    if (contenders.length > 0 && host.now() >= deadline) return
  }
}

/** Runs one turn. If it throws, the error is reported as uncaught, and the other processes continue. */
function runTurn(process: Runnable): number {
  try {
    return process.turn()
  } catch (fault) {
    host.reportUncaught(fault)
    return 1
  }
}

/** Runs the processes of one runtime, in slices that do not block the event loop. */
export class Scheduler {
  /** How many turns have run; tests read it. */
  turns = 0
  private readonly schedule: Schedule
  /** Turns per slice, if runs must not depend on the speed of the machine; otherwise undefined. */
  private readonly turnsPerSlice: number | undefined
  private readonly clock: Clock
  /** The turn that ends the present slice, if slices are counted in turns. */
  private lastTurn = 0
  /** Work done since the last reading that found time left. */
  private work = 0
  private eventsPerWork = EVENTS_PER_WORK
  /** Whether the present slice is known to be used up. Then the running turn should end, too. */
  isBudgetUsed = false
  /**
   * `draining` while turns run; `requested` from the first wake-up until the drain it leads to; `held` if nothing runs by
   * itself, and a wake-up leads to no drain.
   */
  private state: 'idle' | 'requested' | 'draining' | 'held' = 'idle'

  constructor(schedule: Schedule, turnsPerSlice: number | undefined, clock: Clock) {
    this.schedule = schedule
    this.clock = clock
    this.turnsPerSlice = turnsPerSlice
  }

  /** How many processes wait for their turn. */
  get size(): number {
    return this.schedule.size
  }

  /**
   * The time in milliseconds on the runtime's clock, as of the last reading, for turns that should not pay for one of
   * their own. It is a few milliseconds old, unless a callback has taken longer.
   */
  cachedNow(): number {
    return this.clock === host ? lastReading : this.clock.now()
  }

  add(process: Runnable): void {
    this.schedule.add(process)
    if (this.state === 'idle') this.request()
  }

  /**
   * Counts events that a callback has just handled. Returns whether the present slice is used up: then a process that is
   * handling a long message should let the other processes and the event loop run first.
   */
  useBudget(events: number): boolean {
    this.work += 1 + (events >> this.eventsPerWork)
    return this.work >= WORK_PER_READING && this.turnsPerSlice === undefined && this.isOverBudget()
  }

  /**
   * Counts an event that was given to code outside of any process. Returns whether that code should wait, by `nextSlice`,
   * before it receives another one: a loop over events that are already there would otherwise block the event loop.
   */
  useBudgetOutside(): boolean {
    if (armYield()) this.beginSlice()
    this.work += WORK_OUTSIDE
    return this.work >= WORK_PER_READING && this.isOverBudget()
  }

  /** Runs a function after the event loop has continued. Only after `useBudgetOutside` has returned true. */
  nextSlice(run: () => void): void {
    waitingForSlice.push(run)
  }

  private isOverBudget(): boolean {
    let isOver = this.turns >= this.lastTurn
    if (this.turnsPerSlice === undefined) {
      const now = host.now()
      this.eventsPerWork = now - lastReading < QUICK ? QUICK_EVENTS_PER_WORK : EVENTS_PER_WORK
      lastReading = now
      isOver = now >= deadline
    }
    // A callback may ignore the result of `useBudget`: then the drain must find the same out again.
    if (!isOver) this.work = 0
    this.isBudgetUsed = isOver
    return isOver
  }

  private request(): void {
    this.state = 'requested'
    if (armYield()) this.beginSlice()
    this.work += WORK_OF_WAKING
    if (this.isReadingDue() && this.isOverBudget()) this.waitForSlice()
    else host.enqueueMicrotask(this.drainOutside)
  }

  /** Resumes in the next slice if slices are counted in turns, or else when it is the turn of this runtime. */
  private waitForSlice(): void {
    if (this.turnsPerSlice === undefined) contenders.push(this.drainNewSlice)
    else waitingForSlice.push(this.drainNewSlice)
  }

  private beginSlice(): void {
    this.work = 0
    this.eventsPerWork = EVENTS_PER_WORK
    if (this.turnsPerSlice !== undefined) this.lastTurn = this.turns + this.turnsPerSlice
  }

  /** Whether enough work was done since the last reading. */
  private isReadingDue(): boolean {
    return this.work >= WORK_PER_READING || this.turnsPerSlice !== undefined
  }

  /** Drains in the async context of the runtime, whatever promise has woken a process. */
  private readonly drainOutside = (): void => outsideContext(this.drain)

  /** Drains in a slice that has just begun. */
  private readonly drainNewSlice = (): void => {
    this.beginSlice()
    outsideContext(this.drain)
  }

  /** Runs turns until no process has anything left to do, or the slice is used up. */
  private readonly drain = (): void => {
    const { schedule } = this
    const workPerReading = this.turnsPerSlice === undefined ? WORK_PER_READING : 1
    this.state = 'draining'
    this.isBudgetUsed = false
    while (schedule.size > 0) {
      this.turns++
      // In two steps: the turn itself adds to `work`, and `+=` would add to the value from before the turn.
      const work = runTurn(schedule.next())
      this.work += work
      if (this.work >= workPerReading && this.isOverBudget()) break
    }
    this.state = 'idle'
    if (schedule.size === 0) return
    this.state = 'requested'
    armYield()
    this.waitForSlice()
  }

  /** From now on, only `step` runs turns. Must be called before a process is added. */
  hold(): void {
    this.state = 'held'
  }

  /** Runs `count` turns, or fewer if no process has anything left to do. Returns how many. Only after `hold`. */
  step(count: number): number {
    if (this.state !== 'held') throw new Error('expected a scheduler that is held and not running a turn')
    const { schedule, turns } = this
    this.state = 'draining'
    this.isBudgetUsed = false
    outsideContext(() => {
      while (schedule.size > 0 && this.turns - turns < count) {
        this.turns++
        runTurn(schedule.next())
      }
    })
    this.state = 'held'
    return this.turns - turns
  }
}
