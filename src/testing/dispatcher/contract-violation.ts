/** The rules of the contract of dispatchers, by a word each; `dispatcherContract` puts them in sentences. */
export type Rule =
  | 'form'
  | 'fresh'
  | 'demand'
  | 'excess'
  | 'due'
  | 'loss'
  | 'once'
  | 'order'
  | 'gone'
  | 'batch'
  | 'info'

/** A dispatcher has broken a rule; the message says what it did, as `it threw …`. */
export class ContractViolation extends Error {
  readonly rule: Rule

  constructor(rule: Rule, message: string) {
    super(message)
    this.rule = rule
  }
}
