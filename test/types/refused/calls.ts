// Calls and casts that must not compile; refused.test.ts explains the comments.
import { type Callable, consumer, type From, producer, startLink } from 'genstage'
import { exactly } from '../equal.ts'

const jobs = await startLink(
  producer({
    handleDemand: (demand) => [{ id: demand }],
    handleCall: {
      size: () => ({ reply: 1 }),
      find: (id: number) => ({ reply: `${id}` }),
      later(_: void, from: From<'ok'>) {
        from.reply('ok')
        // @ts-expect-error TS2345 at Promise: Promise<"no"> and PromiseLike<"ok">
        from.reply(Promise.resolve('no'))
      },
    },
    handleCast: { push: (job: { id: number }) => [job], clear() {} },
  }),
)
const plain = await startLink(producer({ handleDemand: (demand) => [demand] }))

// A wrong request.
// @ts-expect-error TS2345 at 'sise': "sise" and "size" and "find"
await jobs.call('sise')
// @ts-expect-error TS2554 at call: Expected 2-3 arguments, but got 1
await jobs.call('find')
// @ts-expect-error TS2345 at 'one': string and number
await jobs.call('find', 'one')
// @ts-expect-error TS2559 at 1: '1' and CallOptions
await jobs.call('size', 1)
// @ts-expect-error TS2322 at timeout: string and number
await jobs.call('find', 1, { timeout: '100' })
// @ts-expect-error TS2345 at 'push': "push" and "size"
await jobs.call('push', { id: 1 })
// @ts-expect-error TS2345 at 'pusch': "pusch" and "push"
jobs.cast('pusch', { id: 1 })
// @ts-expect-error TS2345 at 1: number and { id: number; }
jobs.cast('push', 1)
// @ts-expect-error TS2554 at 1: Expected 1 arguments, but got 2
jobs.cast('clear', 1)
// @ts-expect-error TS2339 at call: ProducerRef<number>
await plain.call('size')
// @ts-expect-error TS2339 at cast: ProducerRef<number>
plain.cast('clear')

// No `any` comes out of a call: what is expected of a reply is checked.
// @ts-expect-error TS2322 at size: number and string
export const size: string = await jobs.call('size')
// @ts-expect-error TS2322 at found: string and number
export const found: number = await jobs.call('find', 1)
// @ts-expect-error TS2339 at anything: string
jobs.call('find', 1).then((reply) => reply.anything)
// @ts-expect-error TS2322 at later: "ok" and "no"
export const later: 'no' = await jobs.call('later')
// @ts-expect-error TS2554 at exactly: Expected 2 arguments, but got 1
exactly<unknown>()(await jobs.call('find', 1))

// The same from inside another stage.
consumer(({ call }) => ({
  async handleEvents(_events: readonly number[]) {
    // @ts-expect-error TS2345 at 'sise': "sise" and "size" and "find"
    await call(jobs, 'sise')
    // @ts-expect-error TS2345 at 'one': string and number
    await call(jobs, 'find', 'one')
    // @ts-expect-error TS2322 at wrong: string and number
    const wrong: number = await call(jobs, 'find', 1)
    console.log(wrong)
    // @ts-expect-error TS2345|TS2739 at plain: ProducerRef<number> and Callable<unknown>
    await call(plain, 'size')
  },
}))

// One with other calls.
// @ts-expect-error TS2322|TS2719 at other: number and string
export const other: Callable<{ size(): string }> = jobs
// @ts-expect-error TS2322 at more: 'more'
export const more: Callable<{ more(): string }> = jobs
// @ts-expect-error TS2322|TS2739|TS2741 at none: ProducerRef<number> and Callable
export const none: Callable<{ size(): number }> = plain
