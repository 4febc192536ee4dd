// How long one event takes through five stages: when nothing else is under way, and at half of the top rate.
import { setTimeout as sleep } from 'node:timers/promises'
import { producer, type Source, startLink } from 'genstage'
import { report } from './figure.ts'
import { Histogram } from './histogram.ts'
import { Same, Sink } from './stages.ts'

/** How long is measured at a rate, and how long is not measured before that, in milliseconds. */
const WINDOW = 3_000
const WARM_UP = 1_000
const SINGLE_EVENTS = 3_000
const STAGES_BETWEEN = 3

/** Emits what it is sent. */
const Inlet = () =>
  producer({
    handleDemand: () => [],
    handleCast: { push: (event: number) => ({ events: [event] }) },
  })

/**
 * Emits so many events per millisecond, each being the time when it is due.
 *
 * An event that is late, as nobody has asked for it yet, bears the time when it was due all the same: what waits is
 * counted as waiting. With a rate of `Infinity` there is always one due, now.
 */
const Paced = (rate: number) =>
  producer(({ info }) => {
    let pending = 0
    let due = performance.now()
    const take = (): number[] => {
      const now = performance.now()
      const count = rate === Number.POSITIVE_INFINITY ? pending : Math.min(pending, Math.floor((now - due) * rate))
      const events = new Array<number>(count)
      for (let index = 0; index < count; index++) {
        if (rate !== Number.POSITIVE_INFINITY) due += 1 / rate
        events[index] = rate === Number.POSITIVE_INFINITY ? now : due
      }
      pending -= count
      return events
    }
    const tick = (): void => {
      info('tick')
      setImmediate(tick)
    }
    if (rate !== Number.POSITIVE_INFINITY) setImmediate(tick)
    return {
      handleDemand(demand) {
        pending += demand
        return take()
      },
      handleInfo: take,
    }
  })

async function through(source: Source<number>, handle: (events: readonly number[]) => void): Promise<void> {
  let last: Source<number> = source
  for (let stage = 0; stage < STAGES_BETWEEN; stage++) last = await startLink(Same(last))
  await startLink(Sink(last, handle))
}

/** One event at a time, a millisecond after the one before has arrived. */
async function one(): Promise<void> {
  const latencies = new Histogram()
  let arrived = (): void => {}
  let start = 0
  let duration = 0
  const inlet = await startLink(Inlet())
  await through(inlet, () => {
    duration = performance.now() - start
    arrived()
  })
  for (let event = -500; event < SINGLE_EVENTS; event++) {
    await sleep(1)
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve
    })
    start = performance.now()
    inlet.cast('push', event)
    await arrival
    if (event >= 0) latencies.add(duration)
  }
  reportQuantiles('one at a time', latencies)
}

/** Events at a rate; answers how many arrived per millisecond. */
async function many(rate: number, latencies: Histogram): Promise<number> {
  let count = 0
  let isCounting = false
  await through(await startLink(Paced(rate)), (events) => {
    if (!isCounting) return
    const now = performance.now()
    for (const due of events) latencies.add(now - due)
    count += events.length
  })
  await sleep(WARM_UP)
  isCounting = true
  const start = performance.now()
  await sleep(WINDOW)
  return count / (performance.now() - start)
}

function reportQuantiles(load: string, latencies: Histogram): void {
  const quantiles = [
    ['p50', 0.5],
    ['p99', 0.99],
    ['p99.9', 0.999],
  ] as const
  report(
    ...quantiles.map(([name, share]) => ({
      what: `${load}, ${name}`,
      value: latencies.quantile(share) * 1000,
      unit: 'µs',
    })),
  )
}

const [load, rate] = process.argv.slice(2)
if (load === 'one') {
  await one()
} else if (load === 'top') {
  const top = await many(Number.POSITIVE_INFINITY, new Histogram())
  report({ what: 'top rate', value: top / 1000, unit: 'M events/s' })
} else {
  const latencies = new Histogram()
  const got = await many(Number(rate), latencies)
  const note = got < 0.95 * Number(rate) ? `of ${(Number(rate) / 1000).toFixed(3)}: it did not keep up` : ''
  report({ what: 'half of the top rate', value: got / 1000, unit: 'M events/s', note })
  reportQuantiles('at half of the top rate', latencies)
}
process.exit(0)
