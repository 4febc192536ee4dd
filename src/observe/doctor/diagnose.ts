import type { Snapshot } from '../snapshot/snapshot-types.ts'
import { type AllThresholds, diagnoseOptions, type Thresholds } from './diagnose-options.ts'
import type { Diagnosis, DiagnosisRule } from './diagnosis.ts'
import type { Finding, FindingKind, Severity } from './finding.ts'
import { bottlenecks } from './rules/bottlenecks.ts'
import { discards } from './rules/discards.ts'
import { growingMailboxes } from './rules/growing-mailboxes.ts'
import { heldAfterEnd } from './rules/held-after-end.ts'
import { neverAsks } from './rules/never-asks.ts'
import { partitionBacklogs } from './rules/partition-backlogs.ts'
import { slowBroadcastConsumers } from './rules/slow-broadcast-consumers.ts'
import { stalledCycles } from './rules/stalled-cycles.ts'
import { stuckCallbacks } from './rules/stuck-callbacks.ts'
import { undeliveredBuffers } from './rules/undelivered-buffers.ts'
import { unmetDemand } from './rules/unmet-demand.ts'
import { type Indexed, viewOf } from './view.ts'

/** At one stage, an earlier rule explains a later one. */
const rules: readonly DiagnosisRule[] = [
  stuckCallbacks,
  neverAsks,
  unmetDemand,
  slowBroadcastConsumers,
  partitionBacklogs,
  growingMailboxes,
  undeliveredBuffers,
  stalledCycles,
  heldAfterEnd,
  discards,
  bottlenecks,
]

/** Findings of a stage that takes no events, or too few: they explain findings upstream of it. */
const holdsBack: readonly FindingKind[] = [
  'stuck-callback',
  'never-asks',
  'slow-broadcast-consumer',
  'partition-backlog',
  'undelivered-buffer',
  'stalled-cycle',
  'held-after-end',
  'bottleneck',
]

/** Which findings explain another one: `here` at the same stage, `below` at a stage further downstream. */
const causes: Readonly<Record<FindingKind, { here: readonly FindingKind[]; below: readonly FindingKind[] }>> = {
  'stuck-callback': { here: [], below: [] },
  'never-asks': { here: ['stuck-callback'], below: [] },
  'unmet-demand': { here: ['stuck-callback'], below: [] },
  'undelivered-buffer': { here: ['stuck-callback'], below: [] },
  'stalled-cycle': { here: ['stuck-callback', 'undelivered-buffer'], below: ['stuck-callback', 'never-asks'] },
  'held-after-end': { here: ['stuck-callback', 'undelivered-buffer'], below: holdsBack },
  'slow-broadcast-consumer': { here: ['stuck-callback', 'never-asks'], below: holdsBack },
  'partition-backlog': { here: ['stuck-callback', 'never-asks'], below: holdsBack },
  'mailbox-grows': { here: ['stuck-callback', 'unmet-demand'], below: [] },
  discards: { here: ['stuck-callback', 'undelivered-buffer'], below: holdsBack },
  bottleneck: {
    here: ['stuck-callback', 'unmet-demand', 'slow-broadcast-consumer', 'partition-backlog', 'mailbox-grows'],
    below: holdsBack,
  },
}

const severities: readonly Severity[] = ['problem', 'warning', 'note']

/**
 * Finds what is wrong in a runtime, as of its newest snapshot.
 *
 * Rates and growth are computed from the older snapshots. A single snapshot shows less: stuck callbacks, unmet demand,
 * and consumers that never ask. The bottleneck is found only in snapshots that were taken while an observer or the live
 * page was open, because only then is busy time measured.
 *
 * Each cause is reported once, at the stage where it lies, together with its consequences. A pipeline that keeps up, or
 * that waits for something outside, has no findings.
 *
 * @param snapshots From the oldest to the newest; none is changed.
 * @param options The thresholds from which something counts as wrong.
 * @returns The findings, the most severe first.
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 *
 * @example A callback whose promise never settles
 * ```ts
 * import assert from 'node:assert/strict'
 * import { start } from 'genstage'
 * import { diagnose, snapshot } from 'genstage/snapshot'
 * import { counter, hangingConsumer, testRuntime } from 'genstage/testing'
 *
 * const runtime = testRuntime()
 * const numbers = await start(counter(), { name: 'numbers', runtime })
 * const sink = await start(hangingConsumer(), { name: 'sink', runtime })
 * await sink.subscribe(numbers)
 * await runtime.advance(60_000)
 *
 * const [finding] = diagnose([snapshot({ runtime })])
 * assert.equal(finding?.kind, 'stuck-callback')
 * assert.equal(finding?.severity, 'problem')
 * ```
 */
export function diagnose(snapshots: readonly Snapshot[], options?: Thresholds): readonly Finding[] {
  return findingsOf(snapshots, diagnoseOptions.read(options, 'the options of diagnose'))
}

/** Like {@link diagnose}, for thresholds that have been validated. */
export function findingsOf(snapshots: readonly Snapshot[], thresholds: AllThresholds): readonly Finding[] {
  const view = viewOf(snapshots, thresholds)
  if (view === undefined) return []
  const diagnoses = rules.flatMap((rule) => rule(view))
  if (diagnoses.length === 0) return []
  const order = downstreamFirst(view.newest)
  const rank = (diagnosis: Diagnosis): number => order.get(anchorOf(diagnosis)) ?? -1
  const accepted: Accepted = new Map()
  for (const diagnosis of diagnoses.sort((one, other) => rank(one) - rank(other))) {
    const cause = causeOf(diagnosis, accepted, view.newest)
    if (cause !== undefined) Object.assign(cause, withConsequence(cause, diagnosis))
    else accepted.set(anchorOf(diagnosis), [...(accepted.get(anchorOf(diagnosis)) ?? []), { ...diagnosis }])
  }
  const severityRank = ({ severity }: Diagnosis): number => severities.indexOf(severity)
  return [...accepted.values()]
    .flat()
    .sort((one, other) => severityRank(one) - severityRank(other))
    .map(toFinding)
}

/** Findings by their anchors. They gain consequences as these are found. */
type Accepted = Map<string, Diagnosis[]>

function anchorOf({ anchor, stage }: Diagnosis): string {
  return anchor ?? stage
}

/** The finding that explains this one: at the stage itself, or else the nearest one downstream. */
function causeOf(diagnosis: Diagnosis, accepted: Accepted, index: Indexed): Diagnosis | undefined {
  const { here, below } = causes[diagnosis.kind]
  const anchor = anchorOf(diagnosis)
  const atStage = accepted.get(anchor)?.find(({ kind }) => here.includes(kind))
  if (atStage !== undefined || below.length === 0) return atStage
  const seen = new Set([anchor])
  for (const id of seen) {
    if (id !== anchor) {
      const found = accepted.get(id)?.find(({ kind }) => below.includes(kind))
      if (found !== undefined) return found
    }
    // A set also iterates over what is added in the meantime: this is a breadth-first search.
    for (const { consumer } of index.downstream.get(id) ?? []) seen.add(consumer)
  }
  return undefined
}

function withConsequence(cause: Diagnosis, { asConsequence, kind }: Diagnosis): Diagnosis {
  // A stage that waits for a promise is busy all the time, which is nothing new.
  const isKnown = kind === 'bottleneck' && cause.evidence.pendingMs !== undefined
  if (asConsequence === undefined || isKnown) return cause
  const { text, evidence, severity } = asConsequence
  const worse = severities.indexOf(severity) < severities.indexOf(cause.severity) ? severity : cause.severity
  return { ...cause, severity: worse, text: `${cause.text} ${text}`, evidence: { ...evidence, ...cause.evidence } }
}

/** The position of each stage in an order in which consumers come before their producers. */
function downstreamFirst({ snapshot, downstream }: Indexed): ReadonlyMap<string, number> {
  const order = new Map<string, number>()
  const entered = new Set<string>()
  for (const { id: root } of snapshot.stages) {
    const path = [root]
    for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
      const below = entered.has(id) ? [] : (downstream.get(id) ?? [])
      entered.add(id)
      const open = below.map(({ consumer }) => consumer).filter((consumer) => !entered.has(consumer))
      path.push(...open)
      if (open.length > 0) continue
      path.pop()
      if (!order.has(id)) order.set(id, order.size)
    }
  }
  return order
}

function toFinding({ anchor: _anchor, asConsequence: _consequence, ...finding }: Diagnosis): Finding {
  return finding
}
