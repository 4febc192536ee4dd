export { type RunOptions, type RunOutcome, runUntilSignal, type Signal, type UndoneStage } from './run-until-signal.ts'
