/** The rules of the contract of dispatchers, each by a word; `dispatcherContract` has a sentence for each. */
export type Rule =
  | 'form'
  | 'fresh'
  | 'demand'
  | 'excess'
  | 'due'
  | 'loss'
  | 'once'
  | 'order'
  | 'cancelled'
  | 'batch'
  | 'info'

/** A dispatcher has broken a rule; the message describes what it did, as `it threw …`. */
export class ContractViolation extends Error {
  readonly rule: Rule

  constructor(rule: Rule, message: string) {
    super(message)
    this.rule = rule
  }
}
