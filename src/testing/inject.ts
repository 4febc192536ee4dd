import { GenStageError } from '../base/errors.ts'
import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { anything, integer, matching, type OptionType } from '../base/options/option-type.ts'
import type { ProcessRecord } from '../process/process-record.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import { resolveReference } from '../process/reference.ts'
import { expectTestRuntime, type ManualRuntime, type TestRuntime } from './test-runtime.ts'

/**
 * A fault to inject into a stage.
 *
 * `'kill'`: the stage exits at once, as by `exit('kill')`. `'crash'`: it exits as if the callback that is pending, or the
 * last one that ran, had thrown an {@link InjectedCrash}. `{ delay: steps }`: it takes no turn for so many steps of other
 * processes, or until no other process has anything to do.
 */
export type Fault = 'kill' | 'crash' | { readonly delay: number }

/** Which fault to inject, into which stage, and when. */
export interface InjectOptions {
  /** The fault. */
  readonly fault: Fault
  /**
   * The stage: a reference, or a name, which is looked up at the chosen step.
   * Default: a random one of the stages that have started by then.
   *
   * Supervisors, tasks and probes are affected only if they are given here.
   */
  readonly stage?: ProcessRef | string
  /** The step before which it happens, counted from now; the next step is 1. Default: a random one of the next `within`. */
  readonly at?: number
  /** The number of steps from which a random one is chosen: an integer of at least 1. Default: 100. */
  readonly within?: number
}

/** A fault that was injected. As a string it describes what it did, or is yet to do, for the messages of a test. */
export interface Injected {
  /** The fault. */
  readonly fault: Fault
  /** The step before which it happens, counted from the injection. Pass it as `at` to repeat the fault. */
  readonly at: number
  /** The stage that it affected: its name, or else its kind and id. Undefined until then. */
  readonly stage: string | undefined
  /** Describes what it did, as `killed consumer numbers before step 17`. */
  toString(): string
}

/**
 * A stage was made to crash by `inject`.
 *
 * The stage fails with it, as if its callback had thrown it.
 *
 * What to do: nothing: it is the fault that the test has injected. If a test fails because of it, the pipeline does not
 * survive this crash.
 */
export class InjectedCrash extends GenStageError {
  readonly code = 'GENSTAGE_INJECTED_CRASH'

  constructor(stage: string, step: number) {
    super(`${stage} was made to crash before step ${step}`)
  }
}

/** The default of `within`. */
const WITHIN = 100
/** The kinds of process that a fault affects if no stage is given. */
const STAGES: ReadonlySet<string> = new Set(['producer', 'producer-consumer', 'consumer', 'consumer-supervisor'])

const injectOptions: OptionTable<{
  readonly fault: Fault
  readonly stage: unknown
  readonly at: number | undefined
  readonly within: number
}> = optionTable({
  fault: { type: faultType(), required: true, text: 'The fault.' },
  stage: { type: anything(), absent: 'a random stage', text: 'The stage.' },
  at: { type: integer({ min: 1 }), unit: 'steps', absent: 'a random step', text: 'The step before which it happens.' },
  within: { type: integer({ min: 1 }), default: WITHIN, unit: 'steps', text: 'From how many steps one is chosen.' },
})

/**
 * Injects a fault into a stage while the runtime runs: once, at a chosen or a random step.
 *
 * Random choices are made at once, with `runtime.random`, so the same seed gives the same fault. If the stage does not
 * exist at the chosen step (it has not been restarted, or does not have the name yet), the fault happens before the first
 * step at which it exists. If the runtime settles earlier, nothing happens until it continues.
 *
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 */
export function inject(runtime: TestRuntime, options: InjectOptions): Injected {
  const home = expectTestRuntime(runtime)
  const { fault, stage, at: chosen, within } = injectOptions.read(options, 'the options of inject')
  // Looked up at the chosen step, and once now, to reject a value that is not a reference.
  if (stage !== undefined && typeof stage !== 'string') resolveReference(stage, home, 'stage to be a reference')
  const at = chosen ?? home.random.below(within) + 1
  const choice = home.random.fraction()
  const start = home.steps
  const injected = new PlannedFault(fault, at)
  home.schedule.plan({
    step: start + at,
    apply() {
      const process = stage === undefined ? anyStage(home, choice) : find(home, stage)
      if (process === undefined) return false
      applyFault(home, process, fault, home.steps - start)
      injected.applied(process.label, home.steps - start)
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

  applied(stage: string, at: number): void {
    this.stage = stage
    this.at = at
  }

  toString(): string {
    const { stage, at, fault } = this
    const [done, due, how] = describeFault(fault)
    if (stage === undefined) return `planned to ${due} a stage before step ${at}${how}: not applied yet`
    return `${done} ${stage} before step ${at}${how}`
  }
}

function describeFault(fault: Fault): readonly [done: string, due: string, how: string] {
  if (fault === 'kill') return ['killed', 'kill', '']
  if (fault === 'crash') return ['crashed', 'crash', '']
  return ['delayed', 'delay', `, for ${fault.delay} steps`]
}

function anyStage({ processes, bystanders }: ManualRuntime, choice: number): ProcessRecord | undefined {
  const stages = [...processes.values()].filter(({ id, kind, status }) => {
    return STAGES.has(kind) && status === 'alive' && !bystanders.has(id)
  })
  return stages[Math.floor(choice * stages.length)]
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
