import type { TestRuntime } from 'genstage/testing'

/** How often the stages may settle without a call being answered before the answer is taken to be lost. */
const patience = 1_000

/**
 * Lets the stages play until a call is answered and nobody has anything left to do; answers the call's result.
 *
 * A call that is never answered has the result `no answer`: the driver does not wait for ever.
 */
export async function play(runtime: TestRuntime, call: Promise<unknown> | undefined): Promise<unknown> {
  const outcome = call && new Outcome(call)
  await runtime.settle()
  // A call that consists of several may go on after the stages have settled, and give them new work.
  for (let round = 0; outcome?.isPending && round < patience; round++) await runtime.settle()
  return outcome?.value()
}

/** What has come of a promise so far. */
class Outcome {
  isPending = true
  #value: unknown = 'no answer'
  #failure: { readonly error: unknown } | undefined

  constructor(promise: Promise<unknown>) {
    promise.then(
      (value) => {
        this.isPending = false
        this.#value = value
      },
      (error: unknown) => {
        this.isPending = false
        this.#failure = { error }
      },
    )
  }

  value(): unknown {
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#value
  }
}
