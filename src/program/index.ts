export { type RunOptions, type RunOutcome, runUntilSignal, type Signal } from './run-until-signal.ts'
