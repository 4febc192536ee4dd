import { NameTakenError } from '../base/errors.ts'
import { matching, type OptionType } from '../base/option-type.ts'
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

/** How a probe is made. */
export interface ProbeOptions {
  /** The name to be found under, and to be called by in messages. Default: none. */
  readonly name?: string
}

/** The option that all probes have. */
export const nameOption: { readonly type: OptionType<string>; readonly text: string } = {
  type: matching('a string that is not empty', (value): value is string => typeof value === 'string' && value !== ''),
  text: 'The name to be found under.',
}

/**
 * Starts the stage of a probe, linked to nobody; answers its reference, and what it is called in messages.
 *
 * It can be used at once: what it is sent waits until it is set up.
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
  // It cannot fail, but may be ended before it has begun; and then nobody asks.
  started.catch(() => {})
  runtime.bystanders.add(reference.id)
  return { ref: reference as ProcessRef as Ref, label: `probe ${reference.label}` }
}

/** The ends of subscriptions that a probe has seen, and which of them its test has spoken of. */
export class Endings {
  private readonly reasons: ExitReason[] = []
  private spokenOf = 0

  /** A subscription has ended. */
  add(reason: CancelReason): void {
    this.reasons.push('cancel' in reason ? reason.cancel : reason.down)
  }

  /** What there is to say of those that the test has not spoken of: a clause, or nothing. */
  get remark(): string {
    const open = this.reasons.slice(this.spokenOf)
    if (open.length === 0) return ''
    return `; a subscription has ended, with reason ${open.map((reason) => quote(reason)).join(', ')}`
  }

  /** Speaks of the next one. `reasons` is empty where any will do. */
  expect(probe: string, reasons: readonly [reason?: ExitReason]): void {
    const [wanted] = reasons
    const words = reasons.length === 0 ? '' : ` with reason ${quote(wanted)}`
    const message = `expected the subscription of ${probe} to have ended${words}, got:`
    if (this.spokenOf === this.reasons.length) throw new ExpectationError(`${message} no end`, wanted, undefined)
    const got = this.reasons[this.spokenOf]
    if (reasons.length > 0 && !deepEqual(wanted, got))
      throw new ExpectationError(`${message} ${quote(got)}`, wanted, got)
    this.spokenOf++
  }
}
