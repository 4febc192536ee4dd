import { host } from '#host'
import { Ring } from '../../base/ring.ts'
import type { Clock } from './timers.ts'

/** What a schedule puts in order: a process that has something to do. */
export interface Runnable {
  /** Identifies the process. */
  readonly id: string
  /** Runs one turn, which never throws, and answers how much work it was, about one per message. */
  turn(): number
}

/** Decides which of the processes that have something to do runs next. */
export interface Schedule {
  /** How many processes wait for their turn. */
  readonly size: number
  /** A process joins; it is not among those that wait. */
  add(process: Runnable): void
  /** Takes out the process that runs next; called only while `size` is above 0. */
  next(): Runnable
}

/**
 * First in, first out: the schedule of every runtime that is given no other.
 *
 * A class, as an object literal that has a getter is a hash table to the engine: that was a seventh of a message.
 */
export class FairSchedule implements Schedule {
  private readonly queue = new Ring<Runnable>()

  get size(): number {
    return this.queue.length
  }

  add(process: Runnable): void {
    this.queue.push(process)
  }

  next(): Runnable {
    return this.queue.shift() as Runnable
  }
}

/** How long all runtimes together may run before the event loop has its turn, in milliseconds. */
const SLICE = 2
/** How much work may be done between two looks at the clock. */
const WORK_PER_LOOK = 64
/** How many events of a batch count as much as a message, as a power of two. */
const EVENTS_PER_WORK = 3
/** The same while events are quick, which is known by the look before: a look costs as much as some thirty of them. */
const QUICK_EVENTS_PER_WORK = 5
/** What work between two looks may take to be quick, in milliseconds. */
const QUICK = 0.05
/** What waking up from nothing counts as much as: it may well be to run a single turn. */
const WORK_OF_WAKING = 8
/** What counts as much as an event that is given to a loop outside: nobody knows what that does with it. */
const WORK_OUTSIDE = 8

// The budget belongs to the thread. Counted from each drain instead, callbacks that are `async` without waiting would
// open a fresh slice with every microtask, and timers would starve.
const outsideContext = host.captureContext()
let yieldIsArmed = false
let deadline = 0
/** When the clock was last looked at. */
let lastLook = 0
/** What goes on in each slice, however much there is of it: it is known to be short, or counts its own turns. */
let waitingForSlice: (() => void)[] = []
/** The runtimes that have used up a slice, each once. They take turns: the first one has the next slice. */
const contenders = new Ring<() => void>()

/** Begins a slice, if none has begun in this turn of the event loop; answers whether it did. */
function armYield(): boolean {
  if (yieldIsArmed) return false
  yieldIsArmed = true
  lastLook = host.now()
  deadline = lastLook + SLICE
  outsideContext(() => host.yieldToEventLoop(renewBudget))
  return true
}

function renewBudget(): void {
  yieldIsArmed = false
  if (waitingForSlice.length === 0 && contenders.length === 0) return
  const due = waitingForSlice
  waitingForSlice = []
  armYield()
  for (const goOn of due) goOn()
  // Only those there are now: one that has used up the slice joins again, at the end.
  for (let left = contenders.length; left > 0; left--) {
    const goOn = contenders.shift() as () => void
    goOn()
    if (contenders.length > 0 && host.now() >= deadline) return
  }
}

/** Runs one turn; whatever went wrong in it is raised as uncaught, and the others go on. */
function runTurn(process: Runnable): number {
  try {
    return process.turn()
  } catch (fault) {
    host.reportUncaught(fault)
    return 1
  }
}

/** Runs the processes of one runtime, in slices that leave the event loop alive. */
export class Scheduler {
  /** How many turns have been run; a test counts them. */
  turns = 0
  private readonly schedule: Schedule
  /** Turns per slice, for a runtime whose runs must not depend on the speed of the machine; else undefined. */
  private readonly turnsPerSlice: number | undefined
  private readonly clock: Clock
  /** The turn that ends the present slice, where slices are counted in turns. */
  private lastTurn = 0
  /** Work done since the clock was last looked at and there was time left. */
  private work = 0
  private eventsPerWork = EVENTS_PER_WORK
  /** Whether the present slice is known to be used up: then the turn under way should end, too. */
  isBudgetUsed = false
  /**
   * `draining` while turns are run; `requested` from the first wake-up until the drain it leads to; `held` where nothing
   * runs by itself, and a wake-up leads to none.
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
   * The time in milliseconds on the runtime's clock, for turns that should not pay for a look at it: as of the last
   * look, a few milliseconds ago unless a callback has taken longer.
   */
  cachedNow(): number {
    return this.clock === host ? lastLook : this.clock.now()
  }

  add(process: Runnable): void {
    this.schedule.add(process)
    if (this.state === 'idle') this.request()
  }

  /**
   * Says that a callback has just handled this many events, and answers whether the present slice is used up: then a
   * process in the middle of a long message should let the others, and the event loop, go first.
   */
  useBudget(events: number): boolean {
    this.work += 1 + (events >> this.eventsPerWork)
    return this.work >= WORK_PER_LOOK && this.turnsPerSlice === undefined && this.isOverBudget()
  }

  /**
   * Says that code outside of any process has just been given an event, and answers whether it should be made to wait,
   * by `nextSlice`, before it has another one: a loop over what is there already would go on for as long as that lasts.
   */
  useBudgetOutside(): boolean {
    if (armYield()) this.beginSlice()
    this.work += WORK_OUTSIDE
    return this.work >= WORK_PER_LOOK && this.isOverBudget()
  }

  /** Runs when the event loop has had its turn. Only after `spendOutside` has answered that this is due. */
  nextSlice(run: () => void): void {
    waitingForSlice.push(run)
  }

  private isOverBudget(): boolean {
    let isOver = this.turns >= this.lastTurn
    if (this.turnsPerSlice === undefined) {
      const now = host.now()
      this.eventsPerWork = now - lastLook < QUICK ? QUICK_EVENTS_PER_WORK : EVENTS_PER_WORK
      lastLook = now
      isOver = now >= deadline
    }
    // A callback that asks (`spend`) may not heed the answer: then the drain must find it out again.
    if (!isOver) this.work = 0
    this.isBudgetUsed = isOver
    return isOver
  }

  private request(): void {
    this.state = 'requested'
    if (armYield()) this.beginSlice()
    this.work += WORK_OF_WAKING
    if (this.isLookDue() && this.isOverBudget()) this.waitForSlice()
    else host.enqueueMicrotask(this.drainOutside)
  }

  /** Goes on in a slice to come: its next one, where slices are counted in turns, or else when it is this one's turn. */
  private waitForSlice(): void {
    if (this.turnsPerSlice === undefined) contenders.push(this.drainNewSlice)
    else waitingForSlice.push(this.drainNewSlice)
  }

  private beginSlice(): void {
    this.work = 0
    this.eventsPerWork = EVENTS_PER_WORK
    if (this.turnsPerSlice !== undefined) this.lastTurn = this.turns + this.turnsPerSlice
  }

  /** Whether enough work was done since the last look at what is left of the slice. */
  private isLookDue(): boolean {
    return this.work >= WORK_PER_LOOK || this.turnsPerSlice !== undefined
  }

  /** Drains in the context of the runtime, whosever promise it was that woke a process. */
  private readonly drainOutside = (): void => outsideContext(this.drain)

  /** Drains in a slice that has just begun. */
  private readonly drainNewSlice = (): void => {
    this.beginSlice()
    outsideContext(this.drain)
  }

  /** Runs turns until nobody has anything left to do, or the slice is used up. */
  private readonly drain = (): void => {
    const { schedule } = this
    const workPerLook = this.turnsPerSlice === undefined ? WORK_PER_LOOK : 1
    this.state = 'draining'
    this.isBudgetUsed = false
    while (schedule.size > 0) {
      this.turns++
      // In two steps: the turn itself adds to `work`, and `+=` would take the sum from before it.
      const work = runTurn(schedule.next())
      this.work += work
      if (this.work >= workPerLook && this.isOverBudget()) break
    }
    this.state = 'idle'
    if (schedule.size === 0) return
    this.state = 'requested'
    armYield()
    this.waitForSlice()
  }

  /** From now on turns are run by `step` alone. To be called before anybody joins. */
  hold(): void {
    this.state = 'held'
  }

  /** Runs so many turns at once, or as many as there are to run; answers how many. Only for one that is held. */
  step(count: number): number {
    if (this.state !== 'held') throw new Error('expected no turn to be under way where one is to be run')
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
