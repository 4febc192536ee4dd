import { describeReason } from '../../base/errors.ts'
import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, boolean } from '../../base/options/option-type.ts'
import { quote } from '../../base/quote.ts'
import { ProcessRecord } from '../../process/process-record.ts'
import { defaultRuntime, expectRuntime, type ProcessRuntime, type Runtime } from '../../process/runtime.ts'
import type { Inspection, ProducingInspection, UpstreamInspection } from '../../telemetry/inspection.ts'
import { Allowance } from './allowance.ts'
import type { JsonValue, Snapshot, StageSnapshot, StageState, SubscriptionSnapshot } from './snapshot-types.ts'
import { toJson } from './to-json.ts'
import { MOST_LEVELS, treeOf } from './tree.ts'
import { withUnits } from './with-units.ts'

/** The approximate size of one state, in characters of JSON. */
const MOST_OF_A_STATE = 50_000
/** The longest part of a name that is shown, in characters: a name may contain data. */
const MOST_OF_A_NAME = 200

/** The options of {@link snapshot}. */
export interface SnapshotOptions {
  /** The runtime to take a snapshot of. Default: the program's own. */
  readonly runtime?: Runtime
  /** Whether to include the state of each stage, which calls its `inspect`. Default: `false`. */
  readonly states?: boolean
}

/** The options of {@link snapshot}. */
export const snapshotOptions: OptionTable<{ readonly runtime: unknown; readonly states: boolean }> = optionTable({
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to take a snapshot of.' },
  states: {
    type: boolean(),
    default: false,
    text: 'Whether to include the state of each stage: the result of its `inspect`, or the public fields of its class.',
  },
})

/**
 * Takes a snapshot of all processes and subscriptions of a runtime.
 *
 * A snapshot sends no messages and waits for no stage, so a stage that hangs is shown like any other. Its cost is
 * proportional to the number of stages and subscriptions. It runs user code only if `states` is `true`.
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

/** Like {@link snapshot}, for options that have been validated. */
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

/** Takes a snapshot of one stage, with its state; undefined if no process has this id. */
export function stageOf(runtime: ProcessRuntime, id: string): StageSnapshot | undefined {
  const process = runtime.processes.get(id)
  if (process === undefined) return undefined
  const time = runtime.clock.now()
  const path = [stageSnapshot(process, time, allowanceOf(runtime))]
  // Its label depends on its unit, and that of its unit on the next one, up to the first process that has a name.
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
 * Starts to measure how long stages are busy: `busy` in snapshots. Costs two readings of the clock for each turn of a
 * stage.
 *
 * @returns Stops measuring, once all that have started it have stopped it.
 */
export function timeStages(runtime: ProcessRuntime): () => void {
  return runtime.telemetry.time(runtime.clock.now(), () => {
    const now = runtime.clock.now()
    for (const process of runtime.processes.values()) process.keepBusyTime(now)
  })
}

/** Includes the state of the stage if there is an allowance for it. */
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
    ...(allowance && { userState: userStateOf(process, allowance) }),
  }
}

/** Processes that could not be inspected: each is logged once, because snapshots may be taken ten times a second. */
const uninspectable = new WeakSet<ProcessRecord>()

/** Inspects a process. A custom dispatcher may throw here, and the snapshot must not fail because of it. */
function inspectionOf(process: ProcessRecord): Inspection {
  try {
    return process.behaviour.inspect()
  } catch (error) {
    if (!uninspectable.has(process)) {
      uninspectable.add(process)
      process.runtime.log('warn', `could not inspect ${process.label}: ${textOf(error)}`, { process: process.id })
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

/** The state of a stage as it is shown. If user-defined `inspect` throws, the error is shown in its place. */
function userStateOf(process: ProcessRecord, allowance: Allowance): JsonValue {
  // Other stages have used up the allowance: `inspect` is not even called.
  if (allowance.isUsedUp) return '…'
  try {
    return toJson(process.behaviour.show?.() ?? null, allowance.part(MOST_OF_A_STATE))
  } catch (error) {
    return toJson({ error: `inspect failed: ${textOf(error)}` }, allowance)
  }
}

/** Describes what was thrown, which may itself throw when it is read. */
function textOf(error: unknown): string {
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
