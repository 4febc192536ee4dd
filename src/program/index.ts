export type { UndoneStage } from '../process/process-ref.ts'
export { InterruptedError, type Signal } from './interrupted-error.ts'
export type { RunContext } from './program-run.ts'
export { type RunOptions, type RunOutcome, runUntilSignal } from './run-until-signal.ts'
