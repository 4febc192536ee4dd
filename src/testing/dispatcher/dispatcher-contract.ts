import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { boolean, callback, integer } from '../../base/options/option-type.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import type { ContractViolation, Rule } from './contract-violation.ts'
import { DispatcherRun } from './dispatcher-run.ts'
import type { ValidContract } from './valid-contract.ts'

/** The dispatcher whose contract is to be checked, and what it is given. */
export type DispatcherContract<Event, Options> = ContractBasics<Event, Options> &
  // If a dispatcher requires certain options or events, only its author can provide them.
  ({} extends Options ? { readonly options?: OptionsFor<Options> } : { readonly options: OptionsFor<Options> }) &
  (number extends Event ? { readonly events?: EventFor<Event> } : { readonly events: EventFor<Event> })

/** Returns the options of the subscriber in a place, counted from 0; a place has one subscriber at a time. Default: `{}`. */
type OptionsFor<Options> = (place: number) => Options
/** Returns the event of a number, counted from 0: a different one for each. Default: the number itself. */
type EventFor<Event> = (number: number) => Event

interface ContractBasics<Event, Options> {
  /** Makes a dispatcher: a new one at each call. */
  readonly make: () => Dispatcher<Event, Options>
  /** The most subscribers at a time; for a partition dispatcher, the number of its partitions. Default: 4. */
  readonly subscribers?: number
  /** Whether each event is meant for every subscriber, instead of for one. Default: `false`. */
  readonly broadcast?: boolean
  /** Whether the dispatcher is meant to drop this event without counting it. Default: it drops none. */
  readonly discards?: (event: Event) => boolean
  /** The number of random sequences of calls. Default: 200. */
  readonly runs?: number
}

/** One rule of the contract, as a test. */
export interface ContractCheck {
  /** The rule, as a sentence about the dispatcher. */
  readonly name: string
  /**
   * Checks the rule.
   *
   * @throws {Error} If the dispatcher breaks the rule; the message describes what it did, and lists the calls before.
   */
  readonly check: () => void
}

const contractOptions: OptionTable<ValidContract> = optionTable({
  make: { type: callback<ValidContract['make']>(), required: true, text: 'Makes a dispatcher.' },
  options: { type: callback<ValidContract['options']>(), default: () => ({}), text: 'The options of a subscriber.' },
  events: { type: callback<ValidContract['events']>(), default: (number: number) => number, text: 'The events.' },
  subscribers: { type: integer({ min: 1 }), default: 4, text: 'The most subscribers at a time.' },
  broadcast: { type: boolean(), default: false, text: 'Whether each event is meant for every subscriber.' },
  discards: { type: callback<ValidContract['discards']>(), default: () => false, text: 'Which events it drops.' },
  runs: { type: integer({ min: 1 }), default: 200, text: 'The number of random sequences of calls.' },
})

/**
 * Returns the contract of a dispatcher as a list of tests, for custom dispatchers.
 *
 * The tests call the dispatcher in random sequences, which are the same every time: consumers subscribe, ask and cancel,
 * and a stage emits what is asked for, or less, or more, and buffers what is left over. The dispatcher must send its
 * events as they are; one that sends other events in their place cannot be checked like this.
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
  const runs = new ContractRuns(valid)
  return rules(valid.broadcast).map(([rule, name]) => ({ name, check: () => runs.check(rule, name) }))
}

function rules(isBroadcast: boolean): readonly (readonly [rule: Rule, name: string])[] {
  return [
    ['form', 'returns what a dispatcher may return and throws nothing, in whatever order its methods are called'],
    ['fresh', 'is a new one each time it is made'],
    [
      'demand',
      'returns demands that are integers of at least 0, and adds demand upstream, but no more than was asked for',
    ],
    ['excess', 'sends no subscriber more events than it asked for'],
    ['due', 'sends events at once that all subscribers have asked for'],
    ['loss', isBroadcast ? 'sends every event to all subscribers' : 'loses no event'],
    ['once', isBroadcast ? 'sends no event to a subscriber twice' : 'sends each event to one subscriber'],
    ['order', 'keeps the events for each subscriber in order'],
    ['cancelled', 'forgets subscribers that were cancelled'],
    ['batch', 'changes no batch, neither one that it is given nor one that it has sent'],
    ['info', 'queues infos after the events that it has queued, and returns each of them once'],
  ]
}

/** The runs of a contract. They are made when the first rule is checked, and serve all rules. */
class ContractRuns {
  private readonly contract: ValidContract
  private violations: readonly ContractViolation[] | undefined

  constructor(contract: ValidContract) {
    this.contract = contract
  }

  check(rule: Rule, name: string): void {
    this.violations ??= this.run()
    const violation = this.violations.find((each) => each.rule === rule)
    if (violation !== undefined) throw new Error(`expected that the dispatcher ${name}, but ${violation.message}`)
  }

  /** The first violation of each run: after it, nothing more can be checked in that run. */
  private run(): ContractViolation[] {
    const violations: ContractViolation[] = []
    for (let seed = 1; seed <= this.contract.runs; seed++) {
      const violation = new DispatcherRun(this.contract, seed).run()
      if (violation !== undefined) violations.push(violation)
    }
    return violations
  }
}
