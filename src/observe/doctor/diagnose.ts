import type { Snapshot } from '../snapshot/snapshot-types.ts'
import { type AllThresholds, diagnoseOptions, type Thresholds } from './diagnose-options.ts'
import type { Diagnosis, DiagnosisRule } from './diagnosis.ts'
import type { Finding, FindingKind, Severity } from './finding.ts'
import { bottlenecks } from './rules/bottlenecks.ts'
import { stuckCallbacks, unmetDemand } from './rules/callbacks.ts'
import { discards } from './rules/discards.ts'
import { growingMailboxes } from './rules/growing-mailboxes.ts'
import { heldAfterEnd } from './rules/held-after-end.ts'
import { neverAsks } from './rules/never-asks.ts'
import { partitionBacklogs } from './rules/partition-backlogs.ts'
import { slowBroadcasts } from './rules/slow-broadcasts.ts'
import { stalledCycles } from './rules/stalled-cycles.ts'
import { undeliveredBuffers } from './rules/undelivered-buffers.ts'
import { type Indexed, viewOf } from './view.ts'

/** In the order in which one explains the other, at one stage. */
const rules: readonly DiagnosisRule[] = [
  stuckCallbacks,
  neverAsks,
  unmetDemand,
  slowBroadcasts,
  partitionBacklogs,
  growingMailboxes,
  undeliveredBuffers,
  stalledCycles,
  heldAfterEnd,
  discards,
  bottlenecks,
]

/** What keeps a stage from taking what is sent to it, and so explains what is found upstream. */
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

/**
 * Which findings explain another: `here` those at the same stage, `below` those of a stage further down, which does not
 * take what is sent to it.
 */
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
 * Says what is wrong, in words and figures, as of the newest snapshot.
 *
 * Rates and growth come from the difference to older ones. Of a single snapshot less can be said: what is stuck, what
 * is unanswered, who never asks. How busy a stage is, and so which is the bottleneck, is only known of snapshots that
 * were taken while somebody observed. Each illness is named once, under the stage where its cause lies; what follows
 * from it is told there. Nothing is found in a pipeline that keeps up, or waits for something outside.
 *
 * @param snapshots From the oldest to the newest; none is changed.
 * @param options From when on something counts as wrong.
 * @returns The worst first.
 * @throws {TypeError | RangeError} If an option is unknown or wrong.
 *
 * @example A callback that does not come back
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

/** The same, for thresholds that have been read. */
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
  const worst = ({ severity }: Diagnosis): number => severities.indexOf(severity)
  return [...accepted.values()]
    .flat()
    .sort((one, other) => worst(one) - worst(other))
    .map(toFinding)
}

/** What has been found, by its anchor; it gains consequences as they are found. */
type Accepted = Map<string, Diagnosis[]>

function anchorOf({ anchor, stage }: Diagnosis): string {
  return anchor ?? stage
}

/** Among what has been found further down, and is the cause of this: at the stage itself, or else the nearest. */
function causeOf(diagnosis: Diagnosis, accepted: Accepted, index: Indexed): Diagnosis | undefined {
  const { here, below } = causes[diagnosis.kind]
  const anchor = anchorOf(diagnosis)
  const atOnce = accepted.get(anchor)?.find(({ kind }) => here.includes(kind))
  if (atOnce !== undefined || below.length === 0) return atOnce
  const seen = new Set([anchor])
  for (const id of seen) {
    if (id !== anchor) {
      const found = accepted.get(id)?.find(({ kind }) => below.includes(kind))
      if (found !== undefined) return found
    }
    // A set takes in what is added while it is gone through: this is the search, nearest first.
    for (const { consumer } of index.downstream.get(id) ?? []) seen.add(consumer)
  }
  return undefined
}

function withConsequence(cause: Diagnosis, { asConsequence, kind }: Diagnosis): Diagnosis {
  // Whoever waits for a promise is busy all the time, which says nothing new.
  const isKnown = kind === 'bottleneck' && cause.evidence.pendingMs !== undefined
  if (asConsequence === undefined || isKnown) return cause
  const { text, evidence, severity } = asConsequence
  const worse = severities.indexOf(severity) < severities.indexOf(cause.severity) ? severity : cause.severity
  return { ...cause, severity: worse, text: `${cause.text} ${text}`, evidence: { ...evidence, ...cause.evidence } }
}

/** The place of each stage in an order in which those come first that take from others. */
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
