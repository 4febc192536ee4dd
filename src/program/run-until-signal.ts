import { constants } from 'node:os'
import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { anything, matching, type OptionType } from '../base/options/option-type.ts'
import { milliseconds } from '../process/call-options.ts'
import type { ProcessRef, UndoneStage } from '../process/process-ref.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../process/runtime.ts'
import type { Scope } from '../process/start/scope.ts'
import type { Stage } from '../process/start/start-types.ts'
import type { Signal } from './interrupted-error.ts'
import { ProgramRun, type RunContext } from './program-run.ts'
import { SignalListener } from './signal-listener.ts'

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

/** How a program has ended. */
export interface RunOutcome<Value> {
  /** What the program's function returned; `undefined` if it had not returned when the time was up. */
  readonly value: Value | undefined
  /** The signal that ended it; `undefined` if it ended by itself. */
  readonly signal: Signal | undefined
  /** The stages that exited with unhandled events, and how many of those were where. */
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
  (value): value is readonly Signal[] => Array.isArray(value) && value.every(canBeListenedFor),
)

/** All signals except two that end a process without its consent. */
function canBeListenedFor(name: unknown): boolean {
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
 * The program is a stage, as a supervisor, or a function `(scope, { signal })` that starts its stages in the scope and
 * returns when all is done. Processes that then still run in the scope are stopped, or drained if a signal has come.
 *
 * On a signal the program ends in three steps:
 *
 * 1. The function's `signal` and those of all tasks are aborted. The stages go on until the function and the tasks that
 *    have read their signal have ended, for half of the `deadline` at most. So a server can reply to the requests that it
 *    has accepted. Functions and tasks that never read their signal are not waited for here.
 * 2. The stages are drained: producers are not asked for more, and exit once they have emitted the events that they
 *    hold. Events in flight are handled, and each stage exits after those upstream of it. Supervisors restart nothing.
 * 3. Processes that have not exited by the `deadline` are stopped, the last started first, and killed after `grace`.
 *    Unhandled events are logged, and are part of the outcome.
 *
 * A second signal ends the program at once. A function that rejects with an `AbortError` or the reason of its `signal`,
 * once that is aborted, has not failed.
 *
 * The program is kept alive until then, also while all its stages are idle. The exit code is set to the one that shells
 * use for the signal: 130 after SIGINT, 143 after SIGTERM. The program continues after the `await`, and ends when nothing
 * else keeps it alive.
 *
 * Rejects with a `StageFailure` if a stage of the program fails, and with what its function throws.
 *
 * @example A program that a signal ends
 * ```ts
 * import { consumer, producer } from 'genstage'
 * import { runUntilSignal } from 'genstage/program'
 *
 * const Numbers = () => producer({ handleDemand: (demand) => Array.from({ length: demand }, (_, index) => index) })
 * const Sink = () => consumer({ handleEvents: (_events: readonly number[]) => new Promise((resolve) => setTimeout(resolve, 1)) })
 *
 * setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20) // As `kill` does.
 * const { signal, undone } = await runUntilSignal(async (scope) => {
 *   const sink = await scope.startLink(Sink())
 *   await sink.subscribe(await scope.startLink(Numbers()))
 *   await sink.exited
 * })
 * console.log(signal, undone) // prints: SIGTERM []
 * process.exitCode = 0 // It was 143, as shells expect after SIGTERM.
 * ```
 */
export async function runUntilSignal<Value = void>(
  program: Stage<ProcessRef> | ((scope: Scope, context: RunContext) => Promise<Value> | Value),
  options?: RunOptions,
): Promise<RunOutcome<Value>> {
  const { signals, deadline, grace, runtime: given } = runOptions.read(options, 'the options of runUntilSignal')
  const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
  const undone: UndoneStage[] = []
  const detach = runtime.telemetry.attach({
    'stage.stopped': ({ remaining: count }, { stage, reason, remaining }) => {
      if (count > 0) undone.push({ label: `${stage.kind} ${stage.name ?? stage.id}`, reason, remaining })
    },
  })
  const run = new ProgramRun<Value>(runtime, { deadline, grace })
  const listening = new SignalListener(signals, (signal) => run.interrupt(signal))
  try {
    run.begin(typeof program === 'function' ? program : stageProgram<Value>(program))
    await Promise.race([run.finished, listening.received])
    const value = listening.signal === undefined ? await run.end() : await run.drain(listening.signal)
    logUndone(runtime, undone)
    return { value, signal: listening.signal, undone }
  } finally {
    await run.dispose()
    listening.close()
    detach()
  }
}

/** A stage as a program: it is done when the stage has exited. */
function stageProgram<Value>(stage: Stage<ProcessRef>): (scope: Scope) => Promise<Value> {
  return async (scope) => {
    const reference = await scope.startLink(stage)
    await reference.exited
    return undefined as Value
  }
}

function logUndone(runtime: ProcessRuntime, undone: readonly UndoneStage[]): void {
  for (const stage of undone) {
    const places = Object.entries(stage.remaining).filter(([, count]) => count > 0)
    const counts = places.map(([place, count]) => `${place} ${count}`).join(', ')
    runtime.log('warn', `${stage.label} exited with unhandled events: ${counts}`, { ...stage })
  }
}
