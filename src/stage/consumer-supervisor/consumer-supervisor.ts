import { mergeRows, type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { array, callback, oneOf } from '../../base/options/option-type.ts'
import type { Progress } from '../../process/behaviour.ts'
import type { Drain } from '../../process/drain.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { Definition } from '../../process/start/definition.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { task } from '../../process/start/task.ts'
import { type Shutdown, shutdownType } from '../../supervisor/shutdown.ts'
import { restartRows } from '../../supervisor/supervisor-options.ts'
import type { Inspection } from '../../telemetry/inspection.ts'
import type { CallbackTable } from '../callback/callback-table.ts'
import { readCallbacks } from '../callback/read-callbacks.ts'
import type { SubscriptionEnd } from '../consuming/subscription-end.ts'
import { consumerOptions } from '../definition/stage-options.ts'
import { ConsumerReference, callStage } from '../handles/stage-references.ts'
import { type ConsumerOptions, ConsumerStage } from '../kinds/consumer-stage.ts'
import type { StageMessage } from '../kinds/stage-message.ts'
import { requestFromSource } from '../subscription/subscribe-request.ts'
import type { ConsumerSupervisorRef } from '../types/references.ts'
import { ChildPool, type StartReply } from './child-pool.ts'
import type { ChildContext, ConsumerSupervisorOptions } from './consumer-supervisor-options.ts'

/** The options of a consumer supervisor, checked and complete. */
interface ValidConsumerSupervisorOptions {
  readonly child: ((event: unknown, context: ChildContext) => unknown) | undefined
  readonly start: ((event: unknown) => Stage<ProcessRef>) | undefined
  readonly restart: 'temporary' | 'transient'
  readonly maxRestarts: number
  readonly maxSeconds: number
  readonly shutdown: Shutdown
  readonly subscribeTo: readonly unknown[]
}

/** The options of a consumer supervisor. */
export const consumerSupervisorOptions: OptionTable<ValidConsumerSupervisorOptions> = optionTable(
  mergeRows(
    {
      child: {
        type: callback<(event: unknown, context: ChildContext) => unknown>(),
        text: 'Does the work for one event; either this or `start` is required.',
      },
      start: {
        type: callback<(event: unknown) => Stage<ProcessRef>>(),
        text: 'Creates the process for one event; either this or `child` is required.',
      },
      restart: {
        type: oneOf('temporary', 'transient'),
        default: 'temporary',
        text: 'Whether a child that failed is restarted: never, or until it exits cleanly.',
      },
    },
    restartRows,
    {
      shutdown: {
        type: shutdownType,
        default: 5_000,
        unit: 'ms',
        text: 'How long a child may take to exit when it is terminated, before it is killed.',
      },
      subscribeTo: {
        type: array<unknown>(),
        default: [],
        text: 'The producers to subscribe to when the stage starts.',
      },
    },
  ),
)

/**
 * Creates a consumer that runs one child process per event, at most `maxDemand` at a time for each producer.
 *
 * A child is an async function `(event, { signal })`, or a process of any kind. As children exit, the stage asks for
 * more events, in portions of at least `minDemand`; a slow child does not block the others. When a producer exits, its
 * children continue; when the last producer has exited cleanly, the stage stops after its children have. When the stage
 * stops earlier, it terminates its children, and reports the events that they were working on as dropped. While it
 * drains it restarts no child.
 *
 * Follows `ConsumerSupervisor` of GenStage.
 *
 * @throws {TypeError | RangeError} If an option is wrong.
 *
 * @example At most two jobs at a time
 * ```ts
 * import assert from 'node:assert/strict'
 * import { setTimeout as sleep } from 'node:timers/promises'
 * import { consumerSupervisor, fromIterable, startLink } from 'genstage'
 *
 * let running = 0
 * let most = 0
 * const jobs = await startLink(fromIterable([1, 2, 3, 4, 5]))
 * const workers = await startLink(
 *   consumerSupervisor({
 *     async child(_job: number, { signal }) {
 *       most = Math.max(most, ++running)
 *       await sleep(1, undefined, { signal })
 *       running--
 *     },
 *   }),
 * )
 * await workers.subscribe(jobs, { maxDemand: 2, minDemand: 1 })
 * await workers.done
 * assert.equal(most, 2)
 * ```
 */
export function consumerSupervisor<In>(options: ConsumerSupervisorOptions<In>): Stage<ConsumerSupervisorRef<In>> {
  const valid = consumerSupervisorOptions.read(options, 'the options of a consumer supervisor')
  const { child, start } = valid
  if ((child === undefined) === (start === undefined)) {
    throw new TypeError('expected a consumer supervisor to be given either child or start')
  }
  const createChild = start ?? ((event: unknown) => task((context) => child?.(event, context)))
  return new Definition(
    'consumer-supervisor',
    (process) => superviseIn(process, valid, createChild),
    (process) => new ConsumerSupervisorReference(process),
    Number.POSITIVE_INFINITY,
  ).as<ConsumerSupervisorRef<In>>()
}

function superviseIn(
  process: Process,
  valid: ValidConsumerSupervisorOptions,
  createChild: (event: unknown) => Stage<ProcessRef>,
): ConsumerStage {
  const pool = new ChildPool(process, createChild, valid)
  const subscribeTo = valid.subscribeTo.map((source) => requestFromSource(process.runtime, source))
  process.trapsExits = true
  // The pool is the callbacks of a consumer, as an object of a user is.
  const callbackTable = consumerOptions.read(readCallbacks(pool))
  return new ConsumerSupervisorStage(process, pool, callbackTable, { subscribeTo, each: undefined })
}

/**
 * A consumer whose work is done when its children have exited.
 *
 * When its last producer has exited cleanly it waits for them, unless the subscription is `'permanent'`: then it stops
 * immediately, as in GenStage.
 */
class ConsumerSupervisorStage extends ConsumerStage {
  private readonly pool: ChildPool
  /** Whether the subscription that is ending lets its children finish. */
  private letsChildrenFinish = false
  /** Continues its exit when its children have exited; undefined while it has producers or does not wait. */
  private continueEnd: (() => Progress) | undefined

  constructor(process: Process, pool: ChildPool, callbackTable: CallbackTable, options: ConsumerOptions) {
    super(process, pool, callbackTable, options)
    this.pool = pool
  }

  /** Any message may be the exit of the last child. */
  override receive(message: StageMessage): Progress {
    const progress = super.receive(message)
    return progress === 'done' ? this.stopIfChildrenAreDone() : progress
  }

  override receiveDirect(target: object, body: unknown): Progress {
    const progress = super.receiveDirect(target, body)
    return progress === 'done' ? this.stopIfChildrenAreDone() : progress
  }

  private stopIfChildrenAreDone(): Progress {
    const { continueEnd } = this
    if (continueEnd === undefined || !this.pool.isIdle) return this.stopIfDone()
    this.continueEnd = undefined
    // It may have subscribed again in the meantime.
    return super.isDone() ? super.handleEnd('end', continueEnd) : 'done'
  }

  override scheduleEnd(cancellation: SubscriptionEnd): Progress {
    this.letsChildrenFinish = cancellation.upstream.options.cancel === 'with-last'
    return super.scheduleEnd(cancellation)
  }

  override handleEnd(cause: 'end' | 'drain', next: () => Progress): Progress {
    if (cause === 'drain' || !this.letsChildrenFinish) return super.handleEnd(cause, next)
    this.continueEnd = next
    return this.stopIfChildrenAreDone()
  }

  protected override startDraining(drain: Drain): Progress {
    this.pool.finish()
    return super.startDraining(drain)
  }

  override remainingEvents(): Readonly<Record<string, number>> {
    return { ...super.remainingEvents(), ...this.pool.remainingEvents() }
  }

  override inspect(): Inspection {
    return { ...super.inspect(), supervising: this.pool.inspect() }
  }

  /** The pool is not a state that users have defined. */
  override show(): undefined {
    return undefined
  }

  protected override isDone(): boolean {
    return super.isDone() && this.pool.isIdle
  }
}

/** The reference to a consumer supervisor. Its calls have no timeout: children may take long to start and to exit. */
class ConsumerSupervisorReference extends ConsumerReference {
  async startChild(event: unknown): Promise<ProcessReference | 'ignore'> {
    const reply = (await this.request('startChild', event)) as StartReply
    if (reply === 'ignored') return 'ignore'
    if ('error' in reply) throw reply.error
    return reply
  }

  terminateChild(child: unknown): Promise<unknown> {
    return this.request('terminateChild', child)
  }

  whichChildren(): Promise<unknown> {
    return this.request('whichChildren', undefined)
  }

  countChildren(): Promise<unknown> {
    return this.request('countChildren', undefined)
  }

  private request(kind: string, argument: unknown): Promise<unknown> {
    return callStage(this, kind, [argument, { timeout: Number.POSITIVE_INFINITY }])
  }
}
