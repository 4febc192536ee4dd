import { GenStageError } from '../base/errors.ts'
import { type OptionTable, optionTable } from '../base/option-table.ts'
import { anything, integer, matching, type OptionType } from '../base/option-type.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import { resolveReference } from '../process/reference.ts'
import { expectTestRuntime, type ManualRuntime, type TestRuntime } from './test-runtime.ts'

/**
 * What is to go wrong with a stage.
 *
 * `'kill'`: it ends at once, whatever it is doing, as by `exit('kill')`. `'crash'`: it ends as though the callback that
 * is pending, or the last one that ran, threw an {@link InjectedCrash}. `{ delay: steps }`: it is passed over for so many
 * steps of others, or until no other goes on.
 */
export type Fault = 'kill' | 'crash' | { readonly delay: number }

/** What is to go wrong, with whom, and when. */
export interface InjectOptions {
  /** What is to go wrong. */
  readonly fault: Fault
  /**
   * The stage: a reference, or the name of one, looked up when the time has come.
   * Default: any stage that is set up by then, at random.
   *
   * Supervisors, tasks and probes are struck only if they are named.
   */
  readonly stage?: ProcessRef | string
  /** Before which step from now, where the next one is 1. Default: at random among the next `within`. */
  readonly at?: number
  /** From how many steps one is chosen at random: an integer of at least 1. Default: 100. */
  readonly within?: number
}

/** A fault that was injected. Printed, it says what it did, or is yet to do: for the messages of a test. */
export interface Injected {
  /** What goes wrong. */
  readonly fault: Fault
  /** Before which step, counted from the injection: what to hand in as `at` to have it again. */
  readonly at: number
  /** The stage that was struck: its name, or else its kind and id. Undefined until then. */
  readonly stage: string | undefined
  /** Says what it did, as `killed consumer numbers before step 17`. */
  toString(): string
}

/**
 * A stage was made to crash by `inject`.
 *
 * The stage fails with it, as if its callback had thrown it.
 *
 * What to do: nothing: it is the fault that the test asked for. If a test fails because of it, the pipeline does not
 * survive this crash.
 */
export class InjectedCrash extends GenStageError {
  readonly code = 'GENSTAGE_INJECTED_CRASH'

  constructor(stage: string, step: number) {
    super(`${stage} was made to crash before step ${step}`)
  }
}

/** From so many steps one is chosen. */
const WITHIN = 100
/** What is struck where nobody is named. */
const STAGES: ReadonlySet<string> = new Set(['producer', 'producer-consumer', 'consumer', 'consumer-supervisor'])

const injectOptions: OptionTable<{
  readonly fault: Fault
  readonly stage: unknown
  readonly at: number | undefined
  readonly within: number
}> = optionTable({
  fault: { type: faultType(), required: true, text: 'What is to go wrong.' },
  stage: { type: anything(), absent: 'a stage at random', text: 'With whom.' },
  at: { type: integer({ min: 1 }), unit: 'steps', absent: 'at random', text: 'Before which step from now.' },
  within: { type: integer({ min: 1 }), default: WITHIN, unit: 'steps', text: 'From how many steps one is chosen.' },
})

/**
 * Has something go wrong with a stage while the runtime runs: once, at a chosen step or at random.
 *
 * What is left to chance is drawn from `runtime.random` at once, so the same seed brings the same fault. If the stage is
 * not there at the chosen step (it has not been started again, or has no such name yet), the fault strikes before the
 * first step at which it is. If the runtime comes to rest before, nothing happens until it goes on.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 */
export function inject(runtime: TestRuntime, options: InjectOptions): Injected {
  const home = expectTestRuntime(runtime)
  const { fault, stage, at: chosen, within } = injectOptions.read(options, 'the options of inject')
  // Looked up only when the time has come, and once now, to refuse what is no reference at all.
  if (stage !== undefined && typeof stage !== 'string') resolveReference(stage, home, 'stage to be a reference')
  const at = chosen ?? home.random.below(within) + 1
  const lot = home.random.fraction()
  const start = home.steps
  const injected = new PlannedFault(fault, at)
  home.schedule.plan({
    step: start + at,
    happen() {
      const process = stage === undefined ? anyStage(home, lot) : find(home, stage)
      if (process === undefined) return false
      applyFault(home, process, fault, home.steps - start)
      injected.struck(process.label, home.steps - start)
      return true
    },
  })
  return injected
}

class PlannedFault implements Injected {
  readonly fault: Fault
  at: number
  stage: string | undefined

  constructor(fault: Fault, at: number) {
    this.fault = fault
    this.at = at
  }

  struck(stage: string, at: number): void {
    this.stage = stage
    this.at = at
  }

  toString(): string {
    const { stage, at, fault } = this
    const [done, due, how] = wordsFor(fault)
    if (stage === undefined) return `was to ${due} a stage before step ${at}${how}, and has not`
    return `${done} ${stage} before step ${at}${how}`
  }
}

function wordsFor(fault: Fault): readonly [done: string, due: string, how: string] {
  if (fault === 'kill') return ['killed', 'kill', '']
  if (fault === 'crash') return ['crashed', 'crash', '']
  return ['delayed', 'delay', `, for ${fault.delay} steps`]
}

function anyStage({ processes, bystanders }: ManualRuntime, lot: number): ProcessRecord | undefined {
  const stages = [...processes.values()].filter(({ id, kind, status }) => {
    return STAGES.has(kind) && status === 'alive' && !bystanders.has(id)
  })
  return stages[Math.floor(lot * stages.length)]
}

function find(runtime: ManualRuntime, stage: unknown): ProcessRecord | undefined {
  if (typeof stage === 'string') return runtime.names.get(stage)
  return resolveReference(stage, runtime, 'stage to be a reference')?.process
}

function applyFault({ schedule }: ManualRuntime, process: ProcessRecord, fault: Fault, step: number): void {
  if (fault === 'kill') process.reference.exit('kill')
  else if (fault === 'crash') process.fail(new InjectedCrash(process.label, step))
  else schedule.delay(process.id, fault.delay)
}

function faultType(): OptionType<Fault> {
  return matching(
    "'kill', 'crash' or { delay: steps } with a number of steps of at least 1",
    (value): value is Fault =>
      value === 'kill' ||
      value === 'crash' ||
      (typeof value === 'object' && value !== null && typeof (value as { delay?: unknown }).delay === 'number'),
    (value) => typeof value === 'string' || (Number.isSafeInteger(value.delay) && value.delay >= 1),
  )
}
