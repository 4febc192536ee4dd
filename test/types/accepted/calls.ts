// Calls and casts that must compile, and what they give. Compiled by `npm run types`, never run.
import {
  type Callable,
  type Castable,
  consumer,
  type From,
  named,
  type ProducerRef,
  producer,
  producerConsumer,
  type RefOf,
  type Stage,
  startLink,
} from 'genstage'
import { exactly } from '../equal.ts'

type Job = { id: number }
declare function fetchJob(id: number): Promise<Job>

const Jobs = () => {
  const jobs: Job[] = []
  const waiting: From<Job>[] = []
  return producer({
    handleDemand: (demand) => jobs.splice(0, demand),
    handleCall: {
      size: () => ({ reply: jobs.length }),
      find: (id: number) => ({ reply: jobs.find((job) => job.id === id) }),
      add: async (job: Job) => ({ reply: job.id, events: [job] }),
      drain: () => ({ reply: jobs.splice(0), stop: 'normal' }),
      next(_: void, from: From<Job>) {
        waiting.push(from)
      },
      notify: (job: Job, from: From<'ok'>) => {
        if (job.id === 0) return { reply: 'none' as const }
        from.reply('ok')
        return { events: [job] }
      },
      // A reply may be a promise: the call resolves with what that gives.
      fetch: (id: number) => ({ reply: fetchJob(id) }),
      fetchLater: async (id: number) => ({ reply: id === 0 ? ('none' as const) : fetchJob(id), events: [{ id }] }),
      owed(id: number, from: From<Job>) {
        from.reply(fetchJob(id))
      },
      optional: (limit?: number) => ({ reply: jobs.slice(0, limit) }),
      never: () => ({ stop: 'normal' }),
    },
    handleCast: {
      push(job: Job) {
        jobs.push(job)
      },
      emit: (job: Job) => [job],
      later: async (job: Job) => (job.id === 0 ? { stop: 'normal', events: [job] } : [job]),
      clear() {
        jobs.length = 0
      },
    },
  })
}
const jobs = await startLink(Jobs())

// A reply type per kind of call.
exactly<number>()(await jobs.call('size'))
exactly<Job | undefined>()(await jobs.call('find', 1))
exactly<number>()(await jobs.call('add', { id: 1 }))
exactly<Job[]>()(await jobs.call('drain'))
exactly<Job>()(await jobs.call('next'))
exactly<'none' | 'ok'>()(await jobs.call('notify', { id: 1 }))
exactly<Job[]>()(await jobs.call('optional'))
exactly<Job[]>()(await jobs.call('optional', 2))
exactly<Job>()(await jobs.call('fetch', 1))
exactly<Job | 'none'>()(await jobs.call('fetchLater', 1))
exactly<Job>()(await jobs.call('owed', 1))
exactly<Promise<never>>()(jobs.call('never'))

// Options come last, whether or not there is a request.
exactly<number>()(await jobs.call('size', { timeout: 100 }))
exactly<Job | undefined>()(await jobs.call('find', 1, { timeout: Infinity, signal: new AbortController().signal }))

exactly<void>()(jobs.cast('push', { id: 1 }))
jobs.cast('emit', { id: 1 })
jobs.cast('later', { id: 1 })
jobs.cast('clear')

// By name, and from inside another stage.
const name = named<RefOf<typeof Jobs>>('jobs')
exactly<number>()(await name.call('size'))
producerConsumer(({ call }) => ({
  async handleEvents(events: readonly number[]) {
    exactly<number>()(await call(jobs, 'size'))
    exactly<number>()(await call(jobs, 'size', { timeout: 100 }))
    exactly<Job>()(await call(name, 'next'))
    const found = await Promise.all(events.map((event) => call(jobs, 'find', event)))
    exactly<(Job | undefined)[]>()(found)
    return found
  },
}))

// A stage with more calls can be used as one with fewer.
const sized: Callable<{ size(): number }> = jobs
exactly<number>()(await sized.call('size'))
const pushed: Castable<{ push(job: Job): void }> = jobs
pushed.cast('push', { id: 1 })

// The result written out, as isolatedDeclarations asks for.
export const Sized = (): Stage<ProducerRef<string> & Callable<{ size(): number }>> =>
  producer({ handleDemand: () => [], handleCall: { size: () => ({ reply: 1 }) } })
exactly<number>()(await (await startLink(Sized())).call('size'))

// Consumers reply to calls, too.
const sum = await startLink(
  consumer(() => {
    let total = 0
    return {
      handleEvents(events: readonly number[]) {
        for (const event of events) total += event
      },
      handleCall: { total: () => ({ reply: total }) },
    }
  }),
)
exactly<number>()(await sum.call('total'))
