import { host } from '#host'
import type { Logger } from '../base/logger.ts'
import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { boolean, integer, matching } from '../base/options/option-type.ts'
import { quote } from '../base/quote.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import { ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { FairSchedule } from '../process/schedule/scheduler.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { shuffledSchedule } from './shuffled-schedule.ts'
import { TestSchedule } from './test-schedule.ts'

/** Options of a test runtime. */
export interface TestRuntimeOptions {
  /** Runs processes in a random order, which depends only on this integer. Default: first in, first out. */
  readonly seed?: number
  /** Whether nothing runs by itself, only by `step`, `settle` and `advance`. Default: `false`. */
  readonly stepped?: boolean
  /** Receives the log. Default: nothing is logged. */
  readonly logger?: Partial<Logger>
  /** Whether batches are frozen, so that a callback that changes one fails. Default: `true`. */
  readonly freezeBatches?: boolean
}

/** A runtime for tests: its clock stands still, and a test can wait until no process has anything left to do. */
export interface TestRuntime extends Runtime {
  /** The seed it was made with. */
  readonly seed: number | undefined
  /** Random numbers that depend only on the seed; without a seed they are the same in every run. */
  readonly random: SeededRandom
  /** How many steps have been taken: turns of a process, in which it handles up to 16 messages. */
  readonly steps: number
  /** The time on its clock, in milliseconds since it was made. */
  now(): number
  /** Resolves once its clock has advanced by `ms` milliseconds; for stages that wait. */
  sleep(ms: number): Promise<void>
  /**
   * Takes `count` steps, or fewer if there is nothing left to do, and returns how many it took.
   *
   * Effects of promises happen between two calls, if the test awaits something there.
   *
   * @param count An integer of at least 0. Default: 1.
   * @throws {Error} If the runtime was not made with `stepped`, or a callback calls it.
   */
  step(count?: number): number
  /**
   * Waits until no process has anything left to do: no message, no callback whose promise settles by itself.
   *
   * It does not wait for timers of the platform, or for anything outside of the program. To detect that, it lets the
   * event loop turn a few times after the last step.
   *
   * @throws {Error} If processes are still running after a million steps; the message names them, and those that wait.
   *   The runtime then stops for good, so as not to slow down the tests that follow.
   */
  settle(): Promise<void>
  /**
   * The same, and then returns the value of `outcome`, or rejects if it rejects.
   *
   * For promises that need stages to run: `await runtime.settle(start(stage, { runtime }))`. A test that awaits a call
   * without a reply would hang, because no time passes; this one fails.
   *
   * @throws {Error} If `outcome` is still pending when no process has anything left to do.
   */
  settle<Outcome>(outcome: Promise<Outcome>): Promise<Outcome>
  /** Advances the clock by `ms` milliseconds. Runs the timers that are due, in order, and settles after each. */
  advance(ms: number): Promise<void>
}

/** How many steps `settle` takes before it fails. */
const MOST_STEPS = 1_000_000
/** How many steps are taken before the event loop turns. */
const STEPS_PER_SLICE = 10_000
/** How often the event loop must turn without a step until the runtime counts as settled. */
const QUIET_TURNS = 3
/** How many microtasks without a step are waited for before the event loop turns. */
const QUIET_MICROTASKS = 10
/** The most processes that a message names. */
const MOST_NAMES = 10
/** Makes the numbers of `random` differ from those that a shuffled schedule draws from the same seed. */
const ANOTHER_SEQUENCE = 0x9e3779b9

const testRuntimeOptions: OptionTable<{
  readonly seed: number | undefined
  readonly stepped: boolean
  readonly logger: Partial<Logger> | undefined
  readonly freezeBatches: boolean
}> = optionTable({
  seed: {
    type: integer({ min: Number.MIN_SAFE_INTEGER }),
    absent: 'first in, first out',
    text: 'Determines the random order in which processes run.',
  },
  stepped: { type: boolean(), default: false, text: 'Whether nothing runs by itself.' },
  logger: {
    type: matching('an object', (value): value is Partial<Logger> => typeof value === 'object' && value !== null),
    absent: 'nothing is logged',
    text: 'Receives the log.',
  },
  freezeBatches: {
    type: boolean(),
    default: true,
    text: 'Whether each batch is frozen before a callback sees it.',
  },
})

/**
 * Makes a runtime for a test; it needs no disposal.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 *
 * @example An hour passes at once
 * ```ts
 * import assert from 'node:assert/strict'
 * import { consumer, start } from 'genstage'
 * import { testRuntime } from 'genstage/testing'
 *
 * const runtime = testRuntime()
 * let isReminded = false
 * await start(
 *   consumer(({ sendAfter }) => {
 *     sendAfter('reminder', 3_600_000)
 *     return {
 *       handleEvents() {},
 *       handleInfo() {
 *         isReminded = true
 *       },
 *     }
 *   }),
 *   { runtime },
 * )
 * await runtime.advance(3_599_999)
 * assert.equal(isReminded, false)
 * await runtime.advance(1)
 * assert.equal(isReminded, true)
 * ```
 */
export function testRuntime(options?: TestRuntimeOptions): TestRuntime {
  return new ManualRuntime(testRuntimeOptions.read(options, 'the options of testRuntime'))
}

/** A test runtime with the members that probes and injected faults use. */
export class ManualRuntime extends ProcessRuntime implements TestRuntime {
  readonly seed: number | undefined
  readonly random: SeededRandom
  readonly schedule: TestSchedule
  /** The ids of processes that belong to the test itself: no random fault affects them. */
  readonly bystanders: Set<string> = new Set<string>()
  private readonly manual: ManualClock
  private readonly isStepped: boolean
  /** Set when it did not settle. */
  private settleError: Error | undefined

  constructor({ seed, stepped, logger, freezeBatches }: ReturnType<typeof testRuntimeOptions.read>) {
    const clock = manualClock()
    const schedule = new TestSchedule(seed === undefined ? new FairSchedule() : shuffledSchedule(seed))
    super({ clock, schedule, freezeBatches, turnsPerSlice: STEPS_PER_SLICE, logger: { ...silence, ...logger } })
    this.seed = seed
    this.random = seededRandom((seed ?? 0) ^ ANOTHER_SEQUENCE)
    this.schedule = schedule
    this.manual = clock
    this.isStepped = stepped
    schedule.rejoinBy((process) => this.scheduler.add(process))
    if (stepped) this.scheduler.hold()
  }

  get steps(): number {
    return this.schedule.steps
  }

  now(): number {
    return this.manual.now()
  }

  async sleep(ms: number): Promise<void> {
    const valid = milliseconds(ms)
    await new Promise<void>((resolve) => this.timers.add(valid, resolve))
  }

  step(count: number = 1): number {
    if (!this.isStepped) {
      throw new Error('expected a runtime made by testRuntime({ stepped: true }): this one runs by itself')
    }
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`expected count to be an integer of at least 0, got: ${quote(count)}`)
    }
    return this.scheduler.step(count)
  }

  async settle<Outcome = void>(outcome?: Promise<Outcome>): Promise<Outcome> {
    let isPending = true
    const settled = (): void => {
      isPending = false
    }
    outcome?.then(settled, settled)
    await this.runUntilQuiet()
    if (outcome !== undefined && isPending) {
      throw new Error(`the promise is still pending, but no process has anything left to do${this.describeWaiting()}`)
    }
    return outcome as Promise<Outcome>
  }

  async advance(ms: number): Promise<void> {
    const until = this.manual.now() + milliseconds(ms)
    await this.settle()
    while (this.manual.runNext(until)) await this.settle()
    this.manual.moveTo(until)
  }

  private async runUntilQuiet(): Promise<void> {
    if (this.settleError !== undefined) throw this.settleError
    const start = this.steps
    let quiet = 0
    while (quiet < QUIET_TURNS) {
      const before = this.steps
      if (this.isStepped) await this.stepThrough()
      await new Promise<void>((resolve) => host.yieldToEventLoop(resolve))
      quiet = this.steps === before && this.schedule.isIdle ? quiet + 1 : 0
      if (this.steps - start > MOST_STEPS) this.giveUp()
    }
  }

  /** Takes a slice of steps, as long as there are any before the event loop must turn. */
  private async stepThrough(): Promise<void> {
    const end = this.steps + STEPS_PER_SLICE
    for (let idle = 0; idle < QUIET_MICROTASKS && this.steps < end; idle++) {
      if (this.scheduler.step(end - this.steps) > 0) idle = 0
      // An async callback that waits for nothing continues within a few microtasks.
      await Promise.resolve()
    }
  }

  private giveUp(): never {
    this.settleError = new Error(this.describeUnsettled())
    this.schedule.stop()
    throw this.settleError
  }

  private describeUnsettled(): string {
    const running = this.schedule.lastToRun()
    const live = running.flatMap((id) => this.processes.get(id) ?? [])
    const exited = running.length - live.length
    const names = list(live, ({ label, callback, mailbox }) => {
      const messages = mailbox.length === 1 ? '1 message' : `${mailbox.length} messages`
      return `${label} (in ${callback ?? 'its setup function'}, ${messages})`
    })
    const others = exited === 0 ? '' : `${live.length === 0 ? '' : ', and '}${exited} that have exited since`
    const waiting = this.describeWaiting(new Set(running))
    return `did not settle within ${MOST_STEPS} steps; still running: ${names}${others}${waiting}`
  }

  /** Describes the processes that wait for a promise, except for those with these ids. */
  private describeWaiting(except: ReadonlySet<string> = new Set()): string {
    const parked = [...this.processes.values()].filter((process) => process.isParked && !except.has(process.id))
    if (parked.length === 0) return ''
    const names = list(parked, ({ label, callback }) => `${label} (in ${callback ?? 'its setup function'})`)
    return `; waiting for a promise: ${names}`
  }
}

/**
 * Checks that a value is a test runtime, and returns it.
 *
 * @throws {TypeError} If it is not.
 */
export function expectTestRuntime(value: unknown): ManualRuntime {
  if (value instanceof ManualRuntime) return value
  throw new TypeError(`expected runtime to be one made by testRuntime, got: ${quote(value)}`)
}

function milliseconds(ms: number): number {
  if (typeof ms === 'number' && ms >= 0 && ms < Number.POSITIVE_INFINITY) return ms
  throw new RangeError(`expected ms to be a finite number of at least 0, got: ${quote(ms)}`)
}

function list(processes: readonly ProcessRecord[], show: (process: ProcessRecord) => string): string {
  const names = processes.slice(0, MOST_NAMES).map(show)
  if (processes.length > MOST_NAMES) names.push(`and ${processes.length - MOST_NAMES} more`)
  return names.join(', ')
}

const silence: Logger = { debug() {}, info() {}, warn() {}, error() {} }
