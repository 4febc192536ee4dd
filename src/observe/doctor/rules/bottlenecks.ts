import { count, duration, percent, rate } from '../../snapshot/format.ts'
import type { StageSnapshot } from '../../snapshot/snapshot-types.ts'
import type { Diagnosis, DiagnosisRule } from '../diagnosis.ts'
import { heldFor } from '../measures/backlog.ts'
import { growthIn, setsThePace } from '../measures/pace.ts'
import { type PoolUsage, poolUsageOf } from '../measures/pools.ts'
import { ancestorsOf, descendantsOf, LEAST_TIME, usageOf } from '../measures/usage.ts'
import { type Indexed, isRising, seriesOf, unhandledOf, type View } from '../view.ts'

/** If all stages together fill the time, one that takes this share of it sets the pace. */
const CROWDED = { all: 0.9, one: 0.4 } as const
/** Shares that differ by less are equal: a clock is not more precise. */
const SAME = 0.005
/** The same for stages that take turns, because the window may end in the middle of a turn. */
const SAME_BY_TURNS = 0.02
/** A stage whose share is less by no more than this becomes the bottleneck as soon as the other is faster. */
const CLOSE = 0.05

/** A stage that is busy enough to be a bottleneck. */
interface Candidate {
  readonly stage: StageSnapshot
  /** The share of its time that it was busy; for a pool, that all of its places were taken. */
  readonly share: number
  readonly pool: PoolUsage | undefined
}

/** The stage that sets the pace of each pipeline, if there is one. `usage.ts` explains what that means. */
export const bottlenecks: DiagnosisRule = (view) => {
  // Without an observer busy time is not measured, and no stage counts as busy.
  if (view.elapsed < LEAST_TIME) return []
  const found: Diagnosis[] = []
  for (const pipeline of pipelinesOf(view.newest, candidatesIn(view))) {
    const busiest = busiestOf(view, pipeline)
    if (busiest !== undefined) found.push(bottleneck(view, busiest, pipeline))
  }
  return found
}

function candidatesIn(view: View): Candidate[] {
  const { busyShare } = view.thresholds
  let all = 0
  const candidates = view.newest.snapshot.stages.map((stage): Candidate => {
    const { busy } = usageOf(view, stage)
    all += busy
    const pool = poolUsageOf(view, stage)
    return { stage, share: Math.max(busy, pool?.taken ?? 0), pool }
  })
  const least = all >= CROWDED.all ? Math.min(CROWDED.one, busyShare) : busyShare
  return candidates.filter(({ stage, share }) => share >= least && setsThePace(view, stage, share))
}

/**
 * The busiest stage of a pipeline; of several that are equally busy, the one furthest downstream.
 *
 * A stage downstream of the slowest one has to wait for it, unless it still has events from before.
 */
function busiestOf({ newest, thresholds }: View, pipeline: readonly Candidate[]): Candidate | undefined {
  const most = Math.max(...pipeline.map(({ share }) => share))
  const same = most < thresholds.busyShare ? SAME_BY_TURNS : SAME
  const equal = pipeline.filter(({ share }) => share >= most - same)
  const ids = new Set(equal.map(({ stage }) => stage.id))
  return equal.find(({ stage }) => !descendantsOf(newest, stage.id).some((id) => ids.has(id))) ?? equal[0]
}

function bottleneck(view: View, { stage, share, pool }: Candidate, pipeline: readonly Candidate[]): Diagnosis {
  const { newest } = view
  const { id, label, producing, consuming } = stage
  const { ms } = usageOf(view, stage)
  const others = pipeline.filter((other) => other.stage !== stage)
  const beside = others.filter(isBeside(newest, stage))
  const [close] = others
    .filter((other) => !beside.includes(other) && other.share >= share - CLOSE)
    .sort((one, other) => other.share - one.share)
  const done = growthIn(view, id, (each) => each.consuming?.handled ?? each.producing?.emitted)
  const pace = done === 0 ? '' : `, at ${rate(done, ms)}`
  const what =
    pool === undefined
      ? `it was busy for ${percent(share)} of the last ${duration(ms)}`
      : `its places for ${count(pool.places, 'child', 'children')} were all taken for ${percent(share)} of the last ${duration(ms)}`
  const waiting = unhandledOf(stage) + heldFor(newest, id)
  const unmet = producing?.pending ?? 0
  const buffered = seriesOf(view, (index) => (index.stages.has(id) ? bufferedUpstream(index, id) : undefined))
  const alike =
    beside.length === 0
      ? ''
      : `, as ${beside.length === 1 ? 'was' : 'were'} ${count(beside.length, 'other')} with the same producers`
  const sentences = [
    `${label} sets the pace${pace}: ${what}${alike}.`,
    ...evidenceOf(waiting, unmet),
    adviceFor(consuming === undefined, pool !== undefined, share < view.thresholds.busyShare),
    ...(close === undefined
      ? []
      : [`${close.stage.label} is nearly as busy, with ${percent(close.share)}: it is the next bottleneck.`]),
  ]
  return {
    kind: 'bottleneck',
    severity: isRising(buffered, view.thresholds.queueGrowth) ? 'warning' : 'note',
    stage: id,
    label,
    text: sentences.join(' '),
    evidence: {
      busyShare: share,
      waiting,
      unmetDemand: unmet,
      alike: beside.length,
      ...(close && { next: close.stage.label, nextBusyShare: close.share }),
      ...(pool && { places: pool.places, running: pool.running }),
    },
    asConsequence: {
      text: `${label} was ${pool === undefined ? 'busy' : 'full'} for ${percent(share)} of the last ${duration(ms)}${pace}.`,
      evidence: { busyShare: share },
      severity: 'note',
    },
  }
}

function evidenceOf(waiting: number, unmet: number): string[] {
  const waits = `${count(waiting, 'event')} ${Math.round(waiting) === 1 ? 'waits' : 'wait'} for it`
  const asks = `its consumers wait for ${count(unmet, 'event')}`
  if (waiting > 0 && unmet > 0) return [`${waits}, and ${asks}.`]
  if (waiting > 0) return [`${waits}.`]
  return unmet > 0 ? [`${asks.replace('its', 'Its')}.`] : []
}

function adviceFor(isSource: boolean, isPool: boolean, isCrowded: boolean): string {
  if (isCrowded) return 'The stages hardly ever work at the same time: raise maxDemand, or make this one faster.'
  if (isPool) return 'Raise maxDemand, so that more of its children run at once, or make them faster.'
  if (isSource) return 'The others can handle more than it emits: make it faster, or have it emit more events at once.'
  return 'Make it faster, or start more stages like it to share its work.'
}

/** The number of events in all buffers upstream of a stage. They grow if a source does not wait for demand. */
function bufferedUpstream(index: Indexed, id: string): number {
  let buffered = 0
  for (const each of ancestorsOf(index, id)) buffered += index.stages.get(each)?.producing?.buffer.events ?? 0
  return buffered
}

/** Whether another stage does the same work: it has the same kind and the same producers. */
function isBeside({ upstream }: Indexed, busiest: StageSnapshot): (other: Candidate) => boolean {
  const producersOf = ({ id }: StageSnapshot): string =>
    (upstream.get(id) ?? [])
      .map(({ producer }) => producer)
      .sort()
      .join(' ')
  const producers = producersOf(busiest)
  return ({ stage }) => stage.kind === busiest.kind && producersOf(stage) === producers
}

/** Candidates by pipeline: a pipeline is all that subscriptions connect. */
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
