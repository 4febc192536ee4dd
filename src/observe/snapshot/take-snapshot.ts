import { describeReason } from '../../base/errors.ts'
import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, boolean } from '../../base/option-type.ts'
import { quote } from '../../base/quote.ts'
import { ProcessRecord } from '../../process/process-record.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../../process/runtime.ts'
import type { Inspection, ProducingInspection, UpstreamInspection } from '../../telemetry/inspection.ts'
import { Allowance } from './allowance.ts'
import type { JsonValue, Snapshot, StageSnapshot, StageState, SubscriptionSnapshot } from './snapshot-types.ts'
import { toJson } from './to-json.ts'
import { MOST_LEVELS, treeOf } from './tree.ts'
import { withUnits } from './with-units.ts'

/** How much of one state is shown, in characters of its JSON, roughly. */
const MOST_OF_A_STATE = 50_000
/** How much is shown of a name, which may be made of data. */
const MOST_OF_A_NAME = 200

/** What a snapshot is taken of. */
export interface SnapshotOptions {
  /** Whose stages. Default: the program's own runtime. */
  readonly runtime?: Runtime
  /** Whether to show the state of each stage, which runs its `inspect`. Default: `false`. */
  readonly states?: boolean
}

/** What a snapshot is taken of. */
export const snapshotOptions: OptionTable<{ readonly runtime: unknown; readonly states: boolean }> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime whose stages to look at.' },
  states: {
    type: boolean(),
    default: false,
    text: 'Whether to show the state of each stage: what its `inspect` answers, or the public fields of its class.',
  },
})

/**
 * Looks at all that runs in a runtime, at this moment.
 *
 * Asks nobody and waits for nobody: a stage that hangs is in it like the others. It costs time in proportion to the
 * stages and subscriptions, and runs the user's code only where `states` are asked for.
 *
 * @throws {TypeError} If an option is unknown or wrong.
 *
 * @example What each stage does
 * ```ts
 * import assert from 'node:assert/strict'
 * import { start } from 'genstage'
 * import { snapshot } from 'genstage/snapshot'
 * import { collector, counter, testRuntime } from 'genstage/testing'
 *
 * const runtime = testRuntime()
 * await start(counter(), { name: 'numbers', runtime })
 * await start(collector<number>([]), { name: 'sink', runtime })
 *
 * const { stages } = snapshot({ runtime })
 * assert.deepEqual(
 *   stages.map(({ label, state }) => `${label}: ${state}`),
 *   ['producer numbers: idle', 'consumer sink: idle'],
 * )
 * ```
 */
export function snapshot(options?: SnapshotOptions): Snapshot {
  const { runtime, states } = snapshotOptions.read(options, 'the options of snapshot')
  return snapshotOf(runtime === undefined ? defaultRuntime : expectRuntime(runtime), states)
}

/** The same of a runtime that is known to be one. */
export function snapshotOf(runtime: ProcessRuntime, states: boolean = false): Snapshot {
  const time = runtime.clock.now()
  const allowance = states ? allowanceOf(runtime) : undefined
  const processes: StageSnapshot[] = []
  for (const process of runtime.processes.values()) processes.push(stageSnapshot(process, time, allowance))
  const stages = withUnits(processes)
  return {
    version: 1,
    runtime: runtime.id,
    time,
    isObserved: runtime.telemetry.isTimed,
    stages,
    subscriptions: subscriptionsOf(stages),
    tree: treeOf(stages),
  }
}

/** Looks at one stage, with its state; undefined where none of that id runs. */
export function stageOf(runtime: ProcessRuntime, id: string): StageSnapshot | undefined {
  const process = runtime.processes.get(id)
  if (process === undefined) return undefined
  const time = runtime.clock.now()
  const path = [stageSnapshot(process, time, allowanceOf(runtime))]
  // What it is called depends on its unit, and that on its own unit, up to the first one that has a name.
  for (let at = path[0]; at !== undefined && path.length < MOST_LEVELS; at = path.at(-1)) {
    const owner = runtime.processes.get(at.unit ?? at.parent ?? '')
    if (owner === undefined || (path.length > 1 && at.name !== null)) break
    path.push(stageSnapshot(owner, time, undefined))
  }
  return withUnits(path)[0]
}

function allowanceOf({ clock }: ProcessRuntime): Allowance {
  return new Allowance(() => clock.now())
}

/**
 * Counts the time that stages spend handling, from now on: `busy` in snapshots. Costs two looks at the clock for each
 * turn of a stage.
 *
 * @returns Ends it; it goes on as long as anybody who began it has not.
 */
export function timeStages(runtime: ProcessRuntime): () => void {
  return runtime.telemetry.time(runtime.clock.now(), () => {
    const now = runtime.clock.now()
    for (const process of runtime.processes.values()) process.keepBusyTime(now)
  })
}

/** Shows its state if there is an allowance for that. */
function stageSnapshot(process: ProcessRecord, time: number, allowance: Allowance | undefined): StageSnapshot {
  const inspection = inspectionOf(process)
  const state = stateOf(process, inspection)
  const isActive = state === 'waiting' || state === 'handling' || process.isBusy
  return {
    id: process.id,
    kind: process.kind,
    name: process.name === undefined ? null : cut(process.name, MOST_OF_A_NAME),
    label: cut(process.label, MOST_OF_A_NAME),
    parent: process.parent instanceof ProcessRecord ? process.parent.id : null,
    state,
    callback: isActive ? (process.callback ?? null) : null,
    since: process.parkedSince ?? null,
    mailbox: process.mailbox.length,
    busy: Math.round(process.busyTime(time) * 1_000),
    ...inspection,
    ...(allowance && { userState: shownOf(process, allowance) }),
  }
}

/** Processes that could not be inspected, which is said once: snapshots may be taken ten times a second. */
const opaque = new WeakSet<ProcessRecord>()

/** A dispatcher of the user's may be asked here, and a snapshot must not fail of it. */
function inspectionOf(process: ProcessRecord): Inspection {
  try {
    return process.behaviour.inspect()
  } catch (error) {
    if (!opaque.has(process)) {
      opaque.add(process)
      process.runtime.log('warn', `${process.label} could not be inspected: ${wordsOf(error)}`, { process: process.id })
    }
    return { isBlocked: false }
  }
}

function stateOf(process: ProcessRecord, { isBlocked }: Inspection): StageState {
  if (process.status === 'starting') return 'starting'
  if (process.status === 'terminating') return 'ending'
  if (process.isParked) return 'waiting'
  if (process.isBusy) return 'handling'
  if (process.isWaitingForTurn || process.mailbox.length > 0) return 'queued'
  return isBlocked ? 'blocked' : 'idle'
}

/** What is shown of a stage's state, which may be the user's code; that it fails is no reason to fail. */
function shownOf(process: ProcessRecord, allowance: Allowance): JsonValue {
  // What others have used up is not for this one: not even its `inspect` runs.
  if (allowance.isSpent) return '…'
  try {
    return toJson(process.behaviour.show?.() ?? null, allowance.part(MOST_OF_A_STATE))
  } catch (error) {
    return toJson({ error: `inspect failed: ${wordsOf(error)}` }, allowance)
  }
}

/** What was thrown may itself throw when it is read. */
function wordsOf(error: unknown): string {
  try {
    return `${describeReason(error)}`
  } catch {
    return quote(error)
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

function subscriptionsOf(stages: readonly StageSnapshot[]): SubscriptionSnapshot[] {
  const upstreams = new Map<string, UpstreamInspection>()
  for (const { consuming } of stages) for (const each of consuming?.subscriptions ?? []) upstreams.set(each.tag, each)
  const subscriptions: SubscriptionSnapshot[] = []
  for (const { id, producing } of stages) {
    if (producing === undefined) continue
    const partitions = partitionsOf(producing)
    for (const { tag, consumer, pending, sent, since } of producing.subscribers) {
      const upstream = upstreams.get(tag)
      const partition = partitions.get(tag)
      subscriptions.push({
        tag,
        producer: id,
        consumer,
        pending,
        sent,
        since,
        ...(upstream && {
          mode: upstream.mode,
          maxDemand: upstream.maxDemand,
          minDemand: upstream.minDemand,
          cancel: upstream.cancel,
        }),
        ...(partition && { partition: partition.partition, queued: partition.queued }),
      })
    }
  }
  return subscriptions
}

type Partitions = NonNullable<ProducingInspection['dispatcher']['partitions']>

function partitionsOf({ dispatcher }: ProducingInspection): Map<string, Partitions[number]> {
  const byTag = new Map<string, Partitions[number]>()
  for (const each of dispatcher.partitions ?? []) if (each.subscriber !== null) byTag.set(each.subscriber, each)
  return byTag
}
