import { consumer, consumerSupervisor, producer, producerConsumer, start, supervisor, task } from 'genstage'
import { testRuntime } from 'genstage/testing'
import { type Untyped, untyped } from '../untyped.ts'
import { type Mistake, mistakeOf } from './mistakes.ts'

/** Where they live. */
export const runtime = testRuntime()
/** The least that a consumer is made of. */
export const literal = { handleEvents() {} }
export const idle = () => consumer({ handleEvents() {} })
export const source = () => producer({ handleDemand: () => [] })
const doubling = () => producerConsumer({ handleEvents: (events: readonly unknown[]) => events })
const replying = () =>
  consumer({ handleEvents() {}, handleCall: { echo: (word: unknown) => ({ reply: word }) }, handleCast: { note() {} } })

/** A running stage of each kind. */
export const living = {
  producer: untyped(await start(source(), { runtime })),
  consumer: untyped(await start(replying(), { runtime })),
  both: untyped(await start(doubling(), { runtime })),
  supervisor: untyped(await start(supervisor({ strategy: 'one-for-one', children: [] }), { runtime })),
  pool: untyped(await start(consumerSupervisor({ child: () => {} }), { runtime })),
  task: untyped(
    await start(
      task(() => new Promise(() => {})),
      { runtime },
    ),
  ),
}

/** Does something with what a stage knows of itself, inside of it. */
export async function inside(act: (stage: Untyped) => unknown): Promise<unknown> {
  let mistake: Mistake | undefined
  const ref = await start(
    consumer((stage) => ({
      handleEvents() {},
      async handleInfo() {
        mistake = await mistakeOf(() => act(stage))
      },
    })),
    { runtime },
  )
  ref.send('')
  await runtime.settle()
  await ref.stop()
  if (mistake !== undefined) throw mistake.error
  return undefined
}
