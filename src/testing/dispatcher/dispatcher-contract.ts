import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { boolean, callback, integer } from '../../base/option-type.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import type { ContractViolation, Rule } from './contract-violation.ts'
import { DispatcherRun } from './dispatcher-run.ts'

/** The dispatcher whose contract is to be checked, and what it is given. */
export type DispatcherContract<Event, Options> = ContractBasics<Event, Options> &
  // What a dispatcher demands of its subscribers, or of its events, only its author can give.
  ({} extends Options ? { readonly options?: OptionsFor<Options> } : { readonly options: OptionsFor<Options> }) &
  (number extends Event ? { readonly events?: EventFor<Event> } : { readonly events: EventFor<Event> })

/** Answers the options of the subscriber in a place, counted from 0: one at a time has each place. Default: `{}`. */
type OptionsFor<Options> = (place: number) => Options
/** Answers the event of a number, counted from 0: another one for each. Default: the number itself. */
type EventFor<Event> = (number: number) => Event

interface ContractBasics<Event, Options> {
  /** Makes a dispatcher: another one at each call. */
  readonly make: () => Dispatcher<Event, Options>
  /** How many may be subscribed at a time: what a partition dispatcher has partitions. Default: 4. */
  readonly subscribers?: number
  /** Whether each event is meant for every subscriber, not for one. Default: `false`. */
  readonly broadcast?: boolean
  /** Whether the dispatcher is meant to drop this event, and to count it nowhere. Default: it drops none. */
  readonly discards?: (event: Event) => boolean
  /** How many random sequences it is put through. Default: 200. */
  readonly runs?: number
}

/** One rule of the contract, as a test. */
export interface ContractCheck {
  /** The rule, as a sentence about the dispatcher. */
  readonly name: string
  /**
   * Puts it to the test.
   *
   * @throws {Error} If the dispatcher breaks the rule; the message tells what it did, after which steps.
   */
  readonly check: () => void
}

/** What a trial is made of. */
export interface ValidContract {
  readonly make: () => Dispatcher<unknown, unknown>
  readonly options: (place: number) => unknown
  readonly events: (number: number) => unknown
  readonly subscribers: number
  readonly broadcast: boolean
  readonly discards: (event: unknown) => boolean
  readonly runs: number
}

const contractOptions: OptionTable<ValidContract> = optionTable({
  make: { type: callback<ValidContract['make']>(), required: true, text: 'Makes a dispatcher.' },
  options: { type: callback<ValidContract['options']>(), default: () => ({}), text: 'The options of a subscriber.' },
  events: { type: callback<ValidContract['events']>(), default: (number: number) => number, text: 'The events.' },
  subscribers: { type: integer({ min: 1 }), default: 4, text: 'How many may be subscribed at a time.' },
  broadcast: { type: boolean(), default: false, text: 'Whether each event is meant for every subscriber.' },
  discards: { type: callback<ValidContract['discards']>(), default: () => false, text: 'Which events it drops.' },
  runs: { type: integer({ min: 1 }), default: 200, text: 'How many random sequences it is put through.' },
})

/**
 * The contract of a dispatcher as a list of tests, for one of one's own.
 *
 * Each is put to the test by random sequences of what may happen to a dispatcher, the same ones in every run: consumers
 * that subscribe, ask and go, and a stage that emits what is asked for, less, or more, and buffers what is left over.
 * It must hand out its events as they are; one that hands out others in their place cannot be checked like this.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * import { demandDispatcher } from 'genstage'
 * import { dispatcherContract } from 'genstage/testing'
 *
 * for (const { name, check } of dispatcherContract({ make: () => demandDispatcher() })) test(name, check)
 * ```
 *
 * @throws {TypeError | RangeError} If an option is unknown, missing or wrong.
 */
export function dispatcherContract<Event, Options>(
  contract: DispatcherContract<Event, Options>,
): readonly ContractCheck[] {
  const valid = contractOptions.read(contract, 'the contract of a dispatcher')
  const trials = new Trials(valid)
  return rules(valid.broadcast).map(([rule, name]) => ({ name, check: () => trials.check(rule, name) }))
}

function rules(isBroadcast: boolean): readonly (readonly [rule: Rule, name: string])[] {
  return [
    ['form', 'answers what a dispatcher may answer, and throws nothing, in whatever order things happen'],
    ['fresh', 'is made anew each time'],
    ['demand', 'answers demands that are integers of at least 0, passes demand on, and no more than there is'],
    ['excess', 'hands nobody more than was asked for'],
    ['due', 'hands out at once what all have asked for'],
    ['loss', isBroadcast ? 'hands every event to all who are subscribed' : 'loses no event'],
    ['once', isBroadcast ? 'hands no event to anyone twice' : 'hands each event to one subscriber'],
    ['order', 'keeps the events for each subscriber in order'],
    ['gone', 'forgets subscribers that are gone'],
    ['batch', 'changes no batch, neither one that it is given nor one that it has handed out'],
    ['info', 'holds infos back behind the events that it holds, and answers each once'],
  ]
}

/** What a contract's trials have shown: each is run once, when it is first asked for. */
class Trials {
  private readonly contract: ValidContract
  private breaches: readonly ContractViolation[] | undefined

  constructor(contract: ValidContract) {
    this.contract = contract
  }

  check(rule: Rule, name: string): void {
    this.breaches ??= this.run()
    const breach = this.breaches.find((each) => each.rule === rule)
    if (breach !== undefined) throw new Error(`expected that the dispatcher ${name}, but ${breach.message}`)
  }

  /** The first breach of each trial; a dispatcher that has broken one rule can be told nothing more about. */
  private run(): ContractViolation[] {
    const breaches: ContractViolation[] = []
    for (let seed = 1; seed <= this.contract.runs; seed++) {
      const breach = new DispatcherRun(this.contract, seed).run()
      if (breach !== undefined) breaches.push(breach)
    }
    return breaches
  }
}
