import type { Diagnosis, DiagnosisRule } from './diagnosis.ts'
import type { StageSnapshot } from './snapshot-types.ts'
import { growthOf, type Indexed, isRising, seriesOf, type View, waitingFor } from './view.ts'
import { count, duration, percent, rate } from './words.ts'

/** The least time that says something of how busy a stage is, in milliseconds. */
const LEAST_TIME = 1_000
/** Where all stages together fill the time, one that takes so much of it sets the pace. */
const CROWDED = { all: 0.9, one: 0.5 } as const

/** A stage that may be the one all wait for. */
interface Candidate {
  readonly stage: StageSnapshot
  /** The share of its time that it handled. */
  readonly share: number
}

/** In each pipeline the stage that sets the pace, where one does. */
export const bottlenecks: DiagnosisRule = (view) => {
  // While nobody observes, `busy` stands still, and nobody counts as busy.
  if (view.elapsed < LEAST_TIME) return []
  const candidates = candidatesIn(view)
  const found: Diagnosis[] = []
  for (const pipeline of pipelinesOf(view.newest, candidates)) {
    const [busiest] = pipeline.sort((one, other) => other.share - one.share)
    if (busiest !== undefined) found.push(bottleneck(view, busiest, pipeline.filter(isBeside(view, busiest))))
  }
  return found
}

function candidatesIn(view: View): Candidate[] {
  const shares = view.newest.snapshot.stages.map((stage) => ({ stage, share: shareOf(view, stage) }))
  const all = shares.reduce((sum, { share }) => sum + share, 0)
  const least = all >= CROWDED.all ? Math.min(CROWDED.one, view.thresholds.busyShare) : view.thresholds.busyShare
  return shares.filter(({ stage, share }) => share >= least && setsThePace(view, stage))
}

/** How much of the window a stage was handling, from 0 to 1; 0 where it is too young. */
function shareOf(view: View, { id, busy }: StageSnapshot): number {
  const first = view.window.find(({ stages }) => stages.has(id)) ?? view.newest
  const ms = view.newest.snapshot.time - first.snapshot.time
  return ms < LEAST_TIME ? 0 : Math.min(1, (busy - (first.stages.get(id)?.busy ?? 0)) / 1_000 / ms)
}

/** Whether others wait for it, and not it for others. */
function setsThePace(view: View, { id, producing, consuming }: StageSnapshot): boolean {
  if (consuming !== undefined) {
    // Without a producer it has all its work from messages.
    if (!view.newest.upstream.has(id)) return false
    const looks = view.window.filter((index) => index.stages.has(id))
    return looks.filter((index) => keepsUp(index, id)).length * 4 < looks.length
  }
  if (producing === undefined) return false
  const emitted = seriesOf(view, ({ stages }) => stages.get(id)?.producing?.emitted)
  const emitting = emitted.filter((total, place) => place > 0 && total > (emitted[place - 1] as number)).length
  // A source that emits now and then waits for its outside, and all is well.
  if (emitting * 2 < emitted.length - 1) return false
  return view.window.every(({ stages }) => (stages.get(id)?.producing?.pending ?? 1) > 0)
}

/** Whether a consumer has nothing to do but what is in its hands, and waits for what it has asked for. */
function keepsUp(index: Indexed, id: string): boolean {
  const { mailbox = 0, inbound = 0 } = index.stages.get(id)?.consuming ?? {}
  const upstream = index.upstream.get(id) ?? []
  return mailbox === 0 && inbound === 0 && upstream.some(({ pending }) => pending > 0)
}

function bottleneck(view: View, { stage, share }: Candidate, beside: readonly Candidate[]): Diagnosis {
  const { newest, elapsed } = view
  const { id, label, producing, consuming } = stage
  const isSource = consuming === undefined
  const totals = seriesOf(view, ({ stages }) => {
    const { producing: emits, consuming: handles } = stages.get(id) ?? {}
    return handles?.handled ?? emits?.emitted
  })
  const waiting = waitingBefore(newest, id)
  const unmet = producing?.pending ?? 0
  const buffered = seriesOf(view, (index) => (index.stages.has(id) ? bufferedBefore(index, id) : undefined))
  const done = growthOf(totals)
  const pace = done === 0 ? '' : `, at ${rate(done, elapsed)}`
  const others = beside.length === 0 ? '' : `, as are ${count(beside.length, 'other')} beside it`
  const parts = [
    ...(waiting > 0 ? [`${count(waiting, 'event')} wait before it`] : []),
    ...(unmet > 0 ? [`it leaves demand for ${count(unmet, 'event')} unmet`] : []),
  ]
  const busy = `${isSource ? 'producing' : 'handling'} for ${percent(share)} of the last ${duration(elapsed)}`
  return {
    kind: 'bottleneck',
    severity: isRising(buffered, view.thresholds.queueGrowth) ? 'warning' : 'note',
    stage: id,
    label,
    text: `${label} sets the pace${pace}: it was ${busy}${others}${parts.length === 0 ? '' : `; ${parts.join(', and ')}`}.`,
    evidence: { busyShare: share, waiting, unmetDemand: unmet, alike: beside.length },
    asConsequence: {
      text: `${label} was ${busy}${pace}.`,
      evidence: { busyShare: share },
      severity: 'note',
    },
  }
}

/** Events in a consumer's hands and mailbox, queued for its partition, and in the buffers of its producers. */
function waitingBefore(index: Indexed, id: string): number {
  let waiting = waitingFor(index.stages.get(id))
  for (const { producer, queued = 0 } of index.upstream.get(id) ?? []) {
    waiting += queued + (index.stages.get(producer)?.producing?.buffer.events ?? 0)
  }
  return waiting
}

/** Events in the buffers of all whose events come to it: what grows where a source does not wait to be asked. */
function bufferedBefore({ stages, upstream }: Indexed, id: string): number {
  const above = new Set([id])
  let buffered = 0
  // A set takes in what is added while it is gone through.
  for (const each of above) {
    if (each !== id) buffered += stages.get(each)?.producing?.buffer.events ?? 0
    for (const { producer } of upstream.get(each) ?? []) above.add(producer)
  }
  return buffered
}

/** Whether another does the same work: takes from the same producers. */
function isBeside({ newest }: View, busiest: Candidate): (other: Candidate) => boolean {
  const producersOf = ({ stage }: Candidate): string =>
    (newest.upstream.get(stage.id) ?? [])
      .map(({ producer }) => producer)
      .sort()
      .join(' ')
  const producers = producersOf(busiest)
  return (other) => other !== busiest && other.stage.kind === busiest.stage.kind && producersOf(other) === producers
}

/** Candidates by the pipeline they are in: those that subscriptions connect, by whatever detour. */
function pipelinesOf({ upstream, downstream }: Indexed, candidates: readonly Candidate[]): Candidate[][] {
  const pipelines = new Map<string, Candidate[]>()
  const seen = new Map<string, string>()
  for (const candidate of candidates) {
    const open = [candidate.stage.id]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id)) continue
      seen.set(id, candidate.stage.id)
      for (const { producer } of upstream.get(id) ?? []) open.push(producer)
      for (const { consumer } of downstream.get(id) ?? []) open.push(consumer)
    }
    const name = seen.get(candidate.stage.id) as string
    pipelines.set(name, [...(pipelines.get(name) ?? []), candidate])
  }
  return [...pipelines.values()]
}
