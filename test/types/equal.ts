/** Whether two types are the same: neither wider nor narrower, and `any` only where both are. */
export type Equal<Left, Right> =
  (<Probe>() => Probe extends Left ? 1 : 2) extends <Probe>() => Probe extends Right ? 1 : 2 ? true : false

/** Compiles only if `value` is exactly of type `Expected`, as `exactly<number>()(value)`. It does nothing. */
export function exactly<Expected>() {
  return <Actual>(_value: Actual, ..._mismatch: Equal<Actual, Expected> extends true ? [] : [expected: Expected]) => {}
}
