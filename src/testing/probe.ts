import { NameTakenError } from '../base/errors.ts'
import { matching, type OptionType } from '../base/options/option-type.ts'
import { quote } from '../base/quote.ts'
import type { ExitReason } from '../process/exit/exit-reason.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import { expectDefinition } from '../process/start/definition.ts'
import { launchProcess } from '../process/start/start.ts'
import type { Stage } from '../process/start/start-types.ts'
import type { CancelReason } from '../stage/types/results.ts'
import { deepEqual } from './deep-equal.ts'
import { ExpectationError } from './expectation.ts'
import type { ManualRuntime } from './test-runtime.ts'

/** Options of a probe. */
export interface ProbeOptions {
  /** The name to register, which messages use as well. Default: none. */
  readonly name?: string
}

/** The option that all probes have. */
export const nameOption: { readonly type: OptionType<string>; readonly text: string } = {
  type: matching('a string that is not empty', (value): value is string => typeof value === 'string' && value !== ''),
  text: 'The name to register.',
}

/**
 * Starts the stage of a probe, without links; returns its reference, and its name in messages.
 *
 * It can be used at once: messages wait until its setup is done.
 */
export function launchProbe<Ref extends ProcessRef>(
  runtime: ManualRuntime,
  stage: Stage<Ref>,
  name: string | undefined,
): { readonly ref: Ref; readonly label: string } {
  const definition = expectDefinition(stage)
  const holder = name === undefined ? undefined : runtime.names.get(name)
  if (name !== undefined && holder !== undefined) throw new NameTakenError(name, `${holder.kind} ${holder.id}`)
  const { reference, started } = launchProcess(definition, runtime, { name })
  // It cannot fail, but it may be stopped before it has started; that needs no report.
  started.catch(() => {})
  runtime.bystanders.add(reference.id)
  return { ref: reference as ProcessRef as Ref, label: `probe ${reference.label}` }
}

/** The cancellations that a probe has received, and how many of them its test has checked. */
export class Cancellations {
  private readonly reasons: ExitReason[] = []
  private checkedCount = 0

  /** A subscription has ended. */
  add(reason: CancelReason): void {
    this.reasons.push('cancel' in reason ? reason.cancel : reason.down)
  }

  /** Describes those that the test has not checked, to be added to a message; empty if there are none. */
  get remark(): string {
    const unchecked = this.reasons.slice(this.checkedCount)
    if (unchecked.length === 0) return ''
    return `; a subscription has ended with reason ${unchecked.map((reason) => quote(reason)).join(', ')}`
  }

  /** Checks the next one. `reasons` is empty if any reason is expected. */
  expect(probe: string, reasons: readonly [reason?: ExitReason]): void {
    const [wanted] = reasons
    const withReason = reasons.length === 0 ? '' : ` with reason ${quote(wanted)}`
    const message = `expected the subscription of ${probe} to have ended${withReason}, got:`
    if (this.checkedCount === this.reasons.length) throw new ExpectationError(`${message} no end`, wanted, undefined)
    const got = this.reasons[this.checkedCount]
    if (reasons.length > 0 && !deepEqual(wanted, got))
      throw new ExpectationError(`${message} ${quote(got)}`, wanted, got)
    this.checkedCount++
  }
}
