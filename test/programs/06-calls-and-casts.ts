import { type From, producer, startLink } from 'genstage'

type Job = { id: number; run: string }

const Jobs = () => {
  const jobs: Job[] = []
  const waiting: From<Job>[] = []
  return producer({
    handleDemand: (demand) => jobs.splice(0, demand),
    handleCall: {
      size: () => ({ reply: jobs.length }),
      find: (id: number) => ({ reply: jobs.find((job) => job.id === id) }),
      add: async (job: Job) => ({ reply: job.id, events: [job] }),
      next(_: void, from: From<Job>) {
        waiting.push(from)
      }, // replied to later
      drain: () => ({ reply: jobs.splice(0), stop: 'normal' }),
    },
    handleCast: {
      push: (job: Job) => {
        const from = waiting.shift()
        if (from) from.reply(job)
        else jobs.push(job)
      },
      clear() {
        jobs.length = 0
      },
    },
  })
}
const jobs = await startLink(Jobs())
const size = await jobs.call('size')
const found = await jobs.call('find', 1)
const id = await jobs.call('add', { id: 7, run: 'x' }, { timeout: 100 })
const promised = jobs.call('next')
jobs.cast('push', { id: 8, run: 'y' })
jobs.cast('clear')
const next = await promised
console.log(size, found, id, next)

export { found, id, Jobs, jobs, next, size }

process.exit(0)
