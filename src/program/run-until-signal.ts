import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import nodeProcess from 'node:process'
import { GenStageError, StageFailure } from '../base/errors.ts'
import { type OptionTable, optionTable } from '../base/option-table.ts'
import { anything, matching, type OptionType } from '../base/option-type.ts'
import { milliseconds } from '../process/call-options.ts'
import type { ExitReason } from '../process/exit-reason.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../process/runtime.ts'
import { OwnScope, type Scope } from '../process/scope.ts'
import type { Stage } from '../process/startable.ts'
import type { Deadline } from '../process/timers.ts'

/** A day, in milliseconds. */
const LONG = 86_400_000
/** One Ctrl-C may come twice, from the terminal and from npm: so close together, in milliseconds, they are one. */
const ONE_INTERRUPT = 300

/** A signal by which a program is told to end. */
export type Signal = keyof typeof constants.signals

/** How a program is run. */
export interface RunOptions {
  /** The signals that end it. Default: `['SIGINT', 'SIGTERM']`. */
  readonly signals?: readonly Signal[]
  /**
   * How long what is in flight may take to be handled after a signal, in milliseconds: more than 0, or `Infinity`.
   * Default: 10,000.
   */
  readonly deadline?: number
  /** How long the tree may then take to stop before it is killed, in milliseconds. Default: 5,000. */
  readonly grace?: number
  /** The runtime to run in. Default: the program's own. */
  readonly runtime?: Runtime
}

/** A stage that ended with events in its hands. */
export interface UndoneStage {
  /** Its kind, and its name or else its id. */
  readonly label: string
  readonly reason: ExitReason
  /** What it still held, in numbers of events, by where that was. */
  readonly held: Readonly<Record<string, number>>
}

/** How a program has ended. */
export interface RunOutcome<Value> {
  /** What the program's function answered; `undefined` where it had not when the time was up. */
  readonly value: Value | undefined
  /** The signal that ended it; `undefined` where it ended by itself. */
  readonly signal: Signal | undefined
  /** What was left undone: stages that ended with events in their hands, and how many were where. */
  readonly undone: readonly UndoneStage[]
}

interface ValidRunOptions {
  readonly signals: readonly Signal[]
  readonly deadline: number
  readonly grace: number
  readonly runtime: unknown
}

const signalNames: OptionType<readonly Signal[]> = matching(
  "an array of signals that can be listened for, as 'SIGTERM'",
  (value): value is readonly Signal[] => Array.isArray(value) && value.every(canBeHeard),
)

/** Two signals end a process whatever it does. */
function canBeHeard(name: unknown): boolean {
  return typeof name === 'string' && Object.hasOwn(constants.signals, name) && !['SIGKILL', 'SIGSTOP'].includes(name)
}

/** How a program is run. */
export const runOptions: OptionTable<ValidRunOptions> = optionTable({
  signals: { type: signalNames, default: ['SIGINT', 'SIGTERM'], text: 'The signals that end it.' },
  deadline: {
    type: milliseconds,
    default: 10_000,
    unit: 'ms',
    text: 'How long what is in flight may take to be handled after a signal.',
  },
  grace: {
    type: milliseconds,
    default: 5_000,
    unit: 'ms',
    text: 'How long the tree may then take to stop before it is killed.',
  },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to run in.' },
})

/**
 * Runs a program until it ends by itself or a signal ends it.
 *
 * The program is a stage, as a supervisor, or a function that is handed a scope, starts its stages in it, and answers
 * when all is done. What then still runs in the scope is stopped.
 *
 * On a signal the program ends in order. First nothing new is taken: producers are asked for nothing more and end once
 * they have handed out what they hold, what is in flight is handled, and each stage ends after the ones that feed it;
 * supervisors start nobody again. What has not ended by the `deadline` is then stopped, the last started first, and
 * killed after `grace`. What was left undone is logged, and told by the promise. A second signal ends the program at
 * once.
 *
 * The program is kept alive until then, also while all its stages are idle. The exit code is then the shell's for that signal: 130 after SIGINT, 143 after SIGTERM. It is set, and the program
 * goes on after the `await`; it ends when nothing else keeps it alive.
 *
 * Rejects with a `StageFailure` if a stage of the program fails, and with what its function throws.
 */
export async function runUntilSignal<Value = void>(
  program: Stage<ProcessRef> | ((scope: Scope) => Promise<Value> | Value),
  options?: RunOptions,
): Promise<RunOutcome<Value>> {
  const { signals, deadline, grace, runtime: given } = runOptions.read(options, 'the options of runUntilSignal')
  const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
  const run = typeof program === 'function' ? program : stageProgram<Value>(program)
  const undone: UndoneStage[] = []
  const detach = runtime.telemetry.attach({
    'stage.stopped': ({ held: count }, { stage, reason, held }) => {
      if (count > 0) undone.push({ label: `${stage.kind} ${stage.name ?? stage.id}`, reason, held })
    },
  })
  const listening = new SignalListener(signals)
  const scope = new OwnScope(runtime, grace)
  try {
    const finished = new Promise<Value>((resolve, reject) => {
      runIn(scope, run).then(resolve, reject)
      scope.done.catch(reject)
    })
    await Promise.race([finished, listening.received])
    if (listening.signal !== undefined) {
      scope.finish()
      await within(finished, runtime, deadline).catch(bearEnds)
    }
    await scope[Symbol.asyncDispose]()
    // All its stages have ended, so a function that still runs after a signal waits for something else, or for nothing.
    const isAwaited = listening.signal === undefined
    const value = isAwaited ? await finished : await within(finished, runtime, grace).catch(bearEnds)
    const outcome = { value, signal: listening.signal, undone }
    report(runtime, outcome)
    return outcome
  } finally {
    await scope[Symbol.asyncDispose]()
    listening.close()
    detach()
  }
}

/** A stage as a program: it is done when the stage has ended. */
function stageProgram<Value>(stage: Stage<ProcessRef>): (scope: Scope) => Promise<Value> {
  return async (scope) => {
    const reference = await scope.startLink(stage)
    await reference.exited
    return undefined as Value
  }
}

async function runIn<Value>(scope: Scope, run: (scope: Scope) => Promise<Value> | Value): Promise<Value> {
  return run(scope)
}

/** Hears the first signal, and lets the second end the program. */
class SignalListener {
  signal: Signal | undefined
  readonly received: Promise<void>
  private readonly signals: readonly Signal[]
  private readonly hear: (signal: Signal) => void
  private readonly vigil: NodeJS.Timeout
  /** When the first signal came, in milliseconds. */
  private heardAt = 0

  constructor(signals: readonly Signal[]) {
    this.signals = signals
    let receive: () => void = () => {}
    this.received = new Promise((resolve) => {
      receive = resolve
    })
    this.hear = (signal) => {
      const now = performance.now()
      if (this.signal === undefined) {
        this.signal = signal
        this.heardAt = now
        nodeProcess.exitCode = exitCodeOf(signal)
        receive()
      } else if (now - this.heardAt > ONE_INTERRUPT) {
        nodeProcess.exit(exitCodeOf(signal))
      }
    }
    for (const signal of signals) nodeProcess.on(signal, this.hear)
    // Listening for a signal does not keep a program alive, and idle stages do not either.
    this.vigil = setInterval(() => {}, LONG)
  }

  close(): void {
    clearInterval(this.vigil)
    for (const signal of this.signals) nodeProcess.off(signal, this.hear)
  }
}

/** What shells report of a program that a signal ended. */
function exitCodeOf(signal: Signal): number {
  return 128 + constants.signals[signal]
}

/** After a signal stages are on their way out: what a program cannot have of them any more is no failure. */
function bearEnds(error: unknown): undefined {
  if (!(error instanceof GenStageError) || error instanceof StageFailure) throw error
  return undefined
}

/** What a promise gives, or `undefined` if it gives nothing within `ms` milliseconds. */
async function within<Value>(
  promise: Promise<Value>,
  { timers }: ProcessRuntime,
  ms: number,
): Promise<Value | undefined> {
  let deadline: Deadline | undefined
  const isLate = new Promise<undefined>((resolve) => {
    deadline = timers.add(ms, () => resolve(undefined))
  })
  try {
    return await Promise.race([promise, isLate])
  } finally {
    deadline?.cancel()
  }
}

function report(runtime: ProcessRuntime, { undone }: RunOutcome<unknown>): void {
  for (const stage of undone) {
    const where = Object.entries(stage.held).filter(([, count]) => count > 0)
    const holdings = where.map(([place, count]) => `${count} in its ${place}`).join(', ')
    runtime.log('warn', `left undone: ${stage.label} ended with events ${holdings}`, { ...stage })
  }
}
