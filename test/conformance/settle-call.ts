import type { TestRuntime } from 'genstage/testing'

/** How often the stages may settle without a reply before the reply counts as lost. */
const mostRounds = 1_000

/**
 * Lets the stages run until a call has its reply and no stage has work left. Resolves with the result of the call.
 *
 * A call without a reply has the result `no reply`: the driver does not wait forever.
 */
export async function settleCall(runtime: TestRuntime, call: Promise<unknown> | undefined): Promise<unknown> {
  const outcome = call && new Outcome(call)
  await runtime.settle()
  // A call that consists of several may go on after the stages have settled, and give them new work.
  for (let round = 0; outcome?.isPending && round < mostRounds; round++) await runtime.settle()
  return outcome?.value()
}

/** The state of a promise so far. */
class Outcome {
  isPending = true
  #value: unknown = 'no reply'
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
