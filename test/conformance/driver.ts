import { type ExitReason, type StageRef, type Subscription, stream } from 'genstage'
import { type Actor, Cue, type Part, type SupervisorPart } from './actor.ts'
import { streamSourceFor, subscriptionOptions } from './options.ts'
import { FormatError } from './read-scenarios.ts'
import type { Action, EmitAction, InfoAction, ResubscribeAction, SubscribeAction, TakeAction } from './scenario.ts'
import type { TestStages } from './test-stages.ts'
import { reasonFor, resultOf, wordForFailure } from './words.ts'

/**
 * Carries out a step.
 *
 * Resolves with the result that FORMAT defines for the call, while the stages run. Returns nothing for other steps.
 */
export function perform(action: Action, stages: TestStages): Promise<unknown> | undefined {
  switch (action.op) {
    case 'start':
      return start(stages, action.stage)
    case 'subscribe':
      return subscribe(stages, action)
    case 'resubscribe':
      return resubscribe(stages, action)
    case 'emit':
      return emit(stages.find(action.stage)?.part, action)
    case 'ask':
      subscriptionOf(stages, action)?.ask(action.n)
      return undefined
    case 'cancel':
      subscriptionOf(stages, action)?.cancel(reasonFor(action.reason))
      return undefined
    case 'info':
      return info(stages.find(action.stage)?.part, action)
    case 'demand':
      setDemand(stages.find(action.stage)?.part, action.mode)
      return undefined
    case 'demand_mode':
      return demandMode(stages.find(action.stage))
    case 'buffered':
      return bufferedCount(stages.find(action.stage))
    case 'stop':
      return stop(stages.find(action.stage), reasonFor(action.reason))
    case 'crash':
      stages.find(action.stage)?.part?.send(new Cue('crash'))
      return undefined
    case 'kill':
      stages.find(action.stage)?.part?.exit('kill')
      return undefined
    case 'child_exit':
      return childExit(stages.find(action.stage), action.event, action.reason)
    case 'start_child':
      return ofLiving(supervisorOf(stages, action.stage), (supervisor) => startChild(supervisor, action.event))
    case 'terminate_child':
      return terminateChild(stages.find(action.stage), supervisorOf(stages, action.stage), action.event)
    case 'count_children':
      return ofLiving(supervisorOf(stages, action.stage), (supervisor) => countChildren(supervisor))
    case 'take':
      return take(stages, action)
    default:
      throw new FormatError(`unknown op ${JSON.stringify((action as { op: unknown }).op)}`)
  }
}

/** The result of a call to a stage that never started. A stage that has exited gives it by itself. */
const noProcess = 'exit:noproc'

function ofLiving<Ref>(part: Ref | undefined, call: (part: Ref) => Promise<unknown>): Promise<unknown> {
  return part === undefined ? Promise.resolve(noProcess) : call(part)
}

/** For operations that a reference of this kind does not have: GenStage's reply, if the stage is alive. */
function insteadOf(actor: Actor | undefined, reply: unknown): Promise<unknown> {
  return Promise.resolve(actor?.isAlive ? reply : noProcess)
}

/** Stopping one that has ended is nothing here, and `noproc` in GenStage. */
function stop(actor: Actor | undefined, reason: ExitReason): Promise<unknown> {
  const part = actor?.part
  return part === undefined || !actor?.isAlive ? Promise.resolve(noProcess) : resultOf(() => part.stop(reason))
}

async function start(stages: TestStages, stage: string): Promise<unknown> {
  return resultOf(() => stages.start(stage))
}

function subscribe(stages: TestStages, action: SubscribeAction): Promise<unknown> | undefined {
  const actor = stages.find(action.consumer)
  const part = actor?.part
  if (part === undefined || !('resubscribe' in part)) {
    return action.async ? undefined : insteadOf(actor, 'error:not_a_consumer')
  }
  const result = subscribing(actor, async () => {
    const subscription = await part.subscribe(stages.producer(action.to), unconfirmed(action))
    // A consumer supervisor has no handleSubscribe of its own that would have noted it.
    if (action.opts.label !== undefined && 'countChildren' in part) {
      actor?.subscriptions.set(action.opts.label, subscription)
    }
  })
  return action.async ? undefined : result
}

/** GenStage's calls return once the consumer has sent its request. */
function unconfirmed({ opts }: SubscribeAction | ResubscribeAction) {
  return { confirm: false, ...subscriptionOptions(opts) }
}

function resubscribe(stages: TestStages, action: ResubscribeAction): Promise<unknown> {
  const actor = stages.find(action.consumer)
  const part = actor?.part
  if (part === undefined || !('resubscribe' in part)) return insteadOf(actor, 'error:not_a_consumer')
  const producer = stages.producer(action.to)
  const options = unconfirmed(action)
  const subscription = actor?.subscriptions.get(action.label)
  // Of a subscription that there never was nothing is cancelled; what remains is a plain one.
  if (subscription === undefined) return subscribing(actor, () => part.subscribe(producer, options))
  return subscribing(actor, () => part.resubscribe(subscription, reasonFor(action.reason), producer, options))
}

/** The library looks at the options first, and only then for the consumer; GenStage the other way round. */
async function subscribing(consumer: Actor | undefined, call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call()
    return 'ok'
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) return wordForFailure(error)
    return consumer?.isAlive ? 'error:bad_opts' : noProcess
  }
}

function subscriptionOf(
  stages: TestStages,
  { consumer, label }: { consumer: string; label: string },
): Subscription | undefined {
  const actor = stages.find(consumer)
  return actor?.isAlive ? actor.subscriptions.get(label) : undefined
}

function emit(part: Part | undefined, action: EmitAction): Promise<unknown> | undefined {
  // A copy, because the library keeps an array that is emitted.
  const events = [...action.events]
  if (action.via === 'info') {
    part?.send(new Cue('emit', events))
    return undefined
  }
  if (part !== undefined && !('call' in part)) throw new FormatError('a consumer_supervisor cannot emit')
  switch (action.via) {
    case 'cast':
      part?.cast('emit', events)
      return undefined
    case 'call':
      return ofLiving(part, (stage) => resultOf(() => stage.call('emit', events)))
    case 'early':
      return ofLiving(part, (stage) => resultOf(() => stage.call('early', events)))
    default:
      throw new FormatError(`unknown way to emit ${JSON.stringify(action.via)}`)
  }
}

function info(part: Part | undefined, action: InfoAction): Promise<unknown> | undefined {
  switch (action.via) {
    case 'sync':
      return ofLiving(part, (stage) => resultOf(() => stage.info(action.msg)))
    case 'async':
      part?.info(action.msg).catch(() => {})
      return undefined
    case 'self':
      part?.send(new Cue('info', action.msg))
      return undefined
    case 'plain':
      part?.send(action.msg)
      return undefined
    default:
      throw new FormatError(`unknown way to inform ${JSON.stringify(action.via)}`)
  }
}

function setDemand(part: Part | undefined, mode: 'forward' | 'accumulate'): void {
  if (part !== undefined && 'demand' in part) part.demand(mode)
}

function demandMode(actor: Actor | undefined): Promise<unknown> {
  const part = actor?.part
  if (part === undefined || !('demand' in part)) return insteadOf(actor, 'forward')
  return resultOf(
    () => part.demand(),
    (mode) => mode,
  )
}

function bufferedCount(actor: Actor | undefined): Promise<unknown> {
  const part = actor?.part
  if (part === undefined || !('estimateBufferedCount' in part)) return insteadOf(actor, 0)
  return resultOf(
    () => part.estimateBufferedCount(),
    (count) => count,
  )
}

function supervisorOf(stages: TestStages, stage: string): SupervisorPart | undefined {
  const part = stages.find(stage)?.part
  if (part !== undefined && !('countChildren' in part)) throw new FormatError(`${stage} is no consumer_supervisor`)
  return part
}

/** The latest child that was started for this event. */
function childFor(actor: Actor | undefined, event: number): StageRef | undefined {
  return actor?.children.findLast((child) => child.event === event)?.ref
}

async function childExit(actor: Actor | undefined, event: number, reason: string): Promise<unknown> {
  const child = childFor(actor, event)
  if (child === undefined) return 'no_child'
  child.send(new Cue('exit', reasonFor(reason)))
  return 'ok'
}

function startChild(supervisor: SupervisorPart, event: number): Promise<unknown> {
  return resultOf(
    () => supervisor.startChild(event),
    (child) => (child === 'ignore' ? 'ignore' : 'ok'),
  )
}

function terminateChild(
  actor: Actor | undefined,
  supervisor: SupervisorPart | undefined,
  event: number,
): Promise<unknown> {
  return ofLiving(supervisor, (stage) =>
    resultOf(
      // Any stranger will do where no child was ever started for the event: the supervisor itself is one.
      () => stage.terminateChild(childFor(actor, event) ?? stage),
      (wasChild) => (wasChild ? 'ok' : 'error:not_found'),
    ),
  )
}

function countChildren(supervisor: SupervisorPart): Promise<unknown> {
  return resultOf(
    () => supervisor.countChildren(),
    (count) => ({ ...count }),
  )
}

/**
 * Takes the first `n` events of a stream and closes it.
 *
 * GenStage's stream exits when a permanent producer exits, for any reason; ours ends, if the exit was clean
 * (a difference on purpose). So where a stream ends early, a permanent producer's end is what GenStage exits with.
 */
async function take(stages: TestStages, { from, n }: TakeAction): Promise<unknown> {
  const events: number[] = []
  try {
    const iterator = stream(from.map((source) => streamSourceFor(source, (name) => stages.producer(name))))
    while (events.length < n) {
      const next = await iterator.next()
      if (next.done === true) break
      events.push(next.value)
    }
    await iterator.return?.()
  } catch (error) {
    return wordForFailure(error)
  }
  if (events.length === n) return events
  const permanent = from.filter(([, { cancel }]) => cancel === undefined || cancel === 'permanent')
  const ended = permanent.map(([stage]) => stages.find(stage)?.exit).find((reason) => reason !== undefined)
  return ended === undefined ? events : `exit:${ended}`
}
