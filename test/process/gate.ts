/** A promise that a test settles by hand. */
export interface Gate<Value = void> {
  readonly promise: Promise<Value>
  open(value: Value): void
  fail(error: unknown): void
}

/** Makes a gate that is closed. */
export function gate<Value = void>(): Gate<Value> {
  let open!: (value: Value) => void
  let fail!: (error: unknown) => void
  const promise = new Promise<Value>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}
