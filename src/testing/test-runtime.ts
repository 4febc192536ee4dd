import { host } from '#host'
import type { Logger } from '../base/logger.ts'
import { type OptionTable, optionTable } from '../base/option-table.ts'
import { boolean, integer, matching } from '../base/option-type.ts'
import { quote } from '../base/quote.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import { ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { FairSchedule } from '../process/schedule/scheduler.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { shuffledSchedule } from './shuffled-schedule.ts'
import { TestSchedule } from './test-schedule.ts'

/** How a test runtime is made. */
export interface TestRuntimeOptions {
  /** Runs processes in an order that this integer decides. Default: first in, first out. */
  readonly seed?: number
  /** Whether nothing runs by itself, only by `step`, `settle` and `advance`. Default: `false`. */
  readonly stepped?: boolean
  /** Where messages go. Default: nowhere. */
  readonly logger?: Partial<Logger>
  /** Whether batches are frozen, so that a callback which changes one is found out. Default: `true`. */
  readonly freezeBatches?: boolean
}

/** A runtime for tests: its time stands still, and a test can wait until nobody has anything left to do. */
export interface TestRuntime extends Runtime {
  /** The seed it was made with. */
  readonly seed: number | undefined
  /** Random numbers that the seed decides; without a seed they are the same in every run. */
  readonly random: SeededRandom
  /** How many steps have been taken: turns of a process, in which it handles up to 16 messages. */
  readonly steps: number
  /** The time on its clock, in milliseconds since it was made. */
  now(): number
  /** Resolves once its clock has moved on by `ms` milliseconds: a stage's stand-in for waiting. */
  sleep(ms: number): Promise<void>
  /**
   * Takes `count` steps, or as many as there are to take, before it returns; answers how many it took.
   *
   * What a promise brings about comes between two calls, if the test awaits something there.
   *
   * @param count An integer of at least 0. Default: 1.
   * @throws {Error} If the runtime was not made with `stepped`, or a callback calls it.
   */
  step(count?: number): number
  /**
   * Waits until no process has anything left to do: no message, no callback whose promise settles by itself.
   *
   * What waits for a timer of the platform, or for something outside of the program, is not waited for. To find that
   * out, the event loop turns a few times after the last thing happened.
   *
   * @throws {Error} If there is no end to it after a million steps; it names who goes on and who waits. The runtime then
   *   stands still for good, so as not to slow down the tests that follow.
   */
  settle(): Promise<void>
  /**
   * The same, and then answers what `outcome` has come to, or rejects as it does.
   *
   * For what the stages must first run for: `await runtime.settle(start(stage, { runtime }))`. A test that awaited a call
   * which is never answered would hang, as no time passes; this one fails.
   *
   * @throws {Error} If `outcome` is still pending when nobody has anything left to do.
   */
  settle<Outcome>(outcome: Promise<Outcome>): Promise<Outcome>
  /** Moves the clock on by `ms` milliseconds, running what falls due, in order, and settling after each. */
  advance(ms: number): Promise<void>
}

/** So many steps without an end are taken for a process that never rests. */
const MOST_STEPS = 1_000_000
/** So many steps are taken before the event loop has its turn. */
const STEPS_PER_SLICE = 10_000
/** So often the event loop must turn, with nothing happening, before nobody is expected to go on. */
const QUIET_TURNS = 3
/** So many microtasks an async callback may take before it is left to the next turn of the event loop. */
const QUIET_MICROTASKS = 10
/** So many processes a message names at most. */
const MOST_NAMES = 10
/** Sets the numbers of `random` apart from those that a shuffled schedule draws from the same seed. */
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
    text: 'Decides the order in which processes run.',
  },
  stepped: { type: boolean(), default: false, text: 'Whether nothing runs by itself.' },
  logger: {
    type: matching('an object', (value): value is Partial<Logger> => typeof value === 'object' && value !== null),
    absent: 'nowhere',
    text: 'Where messages go.',
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

/** A test runtime, as what belongs to it sees it: probes, and faults that are injected. */
export class ManualRuntime extends ProcessRuntime implements TestRuntime {
  readonly seed: number | undefined
  readonly random: SeededRandom
  readonly schedule: TestSchedule
  /** The ids of processes that belong to the test, and not to what is tested: no fault strikes them by chance. */
  readonly bystanders: Set<string> = new Set<string>()
  private readonly manual: ManualClock
  private readonly isStepped: boolean
  /** Set when it did not come to rest. */
  private unrest: Error | undefined

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
    const note = (): void => {
      isPending = false
    }
    outcome?.then(note, note)
    await this.comeToRest()
    if (outcome !== undefined && isPending) {
      throw new Error(`expected the promise to be settled, and nobody has anything left to do${this.describeWaiting()}`)
    }
    return outcome as Promise<Outcome>
  }

  async advance(ms: number): Promise<void> {
    const until = this.manual.now() + milliseconds(ms)
    await this.settle()
    while (this.manual.runNext(until)) await this.settle()
    this.manual.moveTo(until)
  }

  private async comeToRest(): Promise<void> {
    if (this.unrest !== undefined) throw this.unrest
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

  /** Takes a slice of steps, as long as there are any to take before the event loop must turn. */
  private async stepThrough(): Promise<void> {
    const end = this.steps + STEPS_PER_SLICE
    for (let idle = 0; idle < QUIET_MICROTASKS && this.steps < end; idle++) {
      if (this.scheduler.step(end - this.steps) > 0) idle = 0
      // An async callback that waits for nothing comes back within a few microtasks.
      await Promise.resolve()
    }
  }

  private giveUp(): never {
    this.unrest = new Error(this.describeUnrest())
    this.schedule.stop()
    throw this.unrest
  }

  private describeUnrest(): string {
    const restless = this.schedule.lastToRun()
    const busy = restless.flatMap((id) => this.processes.get(id) ?? [])
    const ended = restless.length - busy.length
    const names = list(busy, ({ label, callback, mailbox }) => {
      const messages = mailbox.length === 1 ? '1 message' : `${mailbox.length} messages`
      return `${label} (in ${callback ?? 'its set-up'}, ${messages})`
    })
    const gone = ended === 0 ? '' : `${busy.length === 0 ? '' : ', and '}${ended} that have ended since`
    const waiting = this.describeWaiting(new Set(restless))
    return `did not settle within ${MOST_STEPS} steps; still going on: ${names}${gone}${waiting}`
  }

  /** Who waits on a promise, but for those with these ids. */
  private describeWaiting(but: ReadonlySet<string> = new Set()): string {
    const parked = [...this.processes.values()].filter((process) => process.isParked && !but.has(process.id))
    if (parked.length === 0) return ''
    return `; waiting on a promise: ${list(parked, ({ label, callback }) => `${label} (in ${callback ?? 'its set-up'})`)}`
  }
}

/**
 * The test runtime that a user handed in.
 *
 * @throws {TypeError} If it is none.
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
