import { mergeRows, type OptionTable, optionTable } from '../../base/option-table.ts'
import { array, callback, oneOf } from '../../base/option-type.ts'
import type { Drain } from '../../process/drain.ts'
import type { Message } from '../../process/message.ts'
import type { Process, Progress } from '../../process/process.ts'
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
import type { Cancellation } from '../consuming/consumer-half.ts'
import { consumerOptions } from '../definition/stage-options.ts'
import { ConsumerReference, callStage } from '../handles/stage-references.ts'
import { type ConsumerOptions, ConsumerStage } from '../kinds/consumer-stage.ts'
import { requestFromSource } from '../subscription/subscribe-options.ts'
import type { ConsumerSupervisorRef } from '../types/references.ts'
import { ChildPool, type StartReply } from './child-pool.ts'
import type { ChildContext, ConsumerSupervisorOptions } from './consumer-supervisor-options.ts'

/** The options of a consumer supervisor, complete. */
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
        text: 'The work for one event, as a function; either this or `start` is given.',
      },
      start: {
        type: callback<(event: unknown) => Stage<ProcessRef>>(),
        text: 'Makes the process for one event; either this or `child` is given.',
      },
      restart: {
        type: oneOf('temporary', 'transient'),
        default: 'temporary',
        text: 'Whether a child that ended abnormally is started again: never, or always.',
      },
    },
    restartRows,
    {
      shutdown: {
        type: shutdownType,
        default: 5_000,
        unit: 'ms',
        text: 'How long children may take to end when told to, before they are killed.',
      },
      subscribeTo: { type: array<unknown>(), default: [], text: 'Producers to subscribe to once set up.' },
    },
  ),
)

/**
 * A consumer that runs one child per event, never more than `maxDemand` at once for each producer.
 *
 * A child is an async function `(event, { signal })`, or a process of any kind. More is asked for as children end, in
 * portions of at least `minDemand`; a slow child holds nobody back. When it stops, its children are stopped; when a
 * producer ends, they go on, and when the last one has ended cleanly it ends after them. While it drains it restarts no
 * child. Children that its end cuts off are counted, as events that were dropped.
 *
 * Follows GenStage's ConsumerSupervisor.
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
  const makeChild = start ?? ((event: unknown) => task((context) => child?.(event, context)))
  return new Definition(
    'consumer-supervisor',
    (process) => superviseIn(process, valid, makeChild),
    (process) => new ConsumerSupervisorReference(process),
    Number.POSITIVE_INFINITY,
  ).as<ConsumerSupervisorRef<In>>()
}

function superviseIn(
  process: Process,
  valid: ValidConsumerSupervisorOptions,
  makeChild: (event: unknown) => Stage<ProcessRef>,
): ConsumerStage {
  const pool = new ChildPool(process, makeChild, valid)
  const subscribeTo = valid.subscribeTo.map((source) => requestFromSource(process.runtime, source))
  process.trapsExits = true
  // The pool is the callbacks of a consumer, like any user's object.
  const members = consumerOptions.read(readCallbacks(pool))
  return new ConsumerSupervisorStage(process, pool, members, { subscribeTo })
}

/**
 * A consumer whose work is not done before its children are.
 *
 * When its last producer has ended cleanly it waits for them, unless the subscription is `'permanent'`: that one is
 * GenStage's, and ends it at once.
 */
class ConsumerSupervisorStage extends ConsumerStage {
  private readonly pool: ChildPool
  /** Whether the subscription that is ending lets its children finish. */
  private letsChildrenFinish = false
  /** What ends it once its children have finished; undefined while it has producers, or where nothing is waited for. */
  private end: (() => Progress) | undefined

  constructor(process: Process, pool: ChildPool, members: CallbackTable, options: ConsumerOptions) {
    super(process, pool, members, options)
    this.pool = pool
  }

  /** Any message may be the one that ends the last child. */
  override receive(message: Message): Progress {
    const progress = super.receive(message)
    return progress === 'done' ? this.stopIfChildrenAreDone() : progress
  }

  private stopIfChildrenAreDone(): Progress {
    const { end } = this
    if (end === undefined || !this.pool.isIdle) return this.stopIfDone()
    this.end = undefined
    // It may have subscribed again in the meantime.
    return super.isDone() ? super.handleEnd('end', end) : 'done'
  }

  override scheduleCancel(cancellation: Cancellation): Progress {
    this.letsChildrenFinish = cancellation.upstream.options.cancel === 'with-last'
    return super.scheduleCancel(cancellation)
  }

  override handleEnd(cause: 'end' | 'drain', next: () => Progress): Progress {
    if (cause === 'drain' || !this.letsChildrenFinish) return super.handleEnd(cause, next)
    this.end = next
    return this.stopIfChildrenAreDone()
  }

  protected override finish(drain: Drain): Progress {
    this.pool.finish()
    return super.finish(drain)
  }

  override remainingEvents(): Readonly<Record<string, number>> {
    return { ...super.remainingEvents(), ...this.pool.held() }
  }

  override inspect(): Inspection {
    return { ...super.inspect(), supervising: this.pool.inspect() }
  }

  /** The pool is no state of the user's. */
  override show(): undefined {
    return undefined
  }

  protected override isDone(): boolean {
    return super.isDone() && this.pool.isIdle
  }
}

/** The reference to a consumer supervisor. Its calls wait for as long as starting and stopping children takes. */
class ConsumerSupervisorReference extends ConsumerReference {
  async startChild(event: unknown): Promise<ProcessReference | 'ignore'> {
    const reply = (await this.ask('startChild', event)) as StartReply
    if (reply === 'ignored') return 'ignore'
    if ('error' in reply) throw reply.error
    return reply
  }

  terminateChild(child: unknown): Promise<unknown> {
    return this.ask('terminateChild', child)
  }

  whichChildren(): Promise<unknown> {
    return this.ask('whichChildren', undefined)
  }

  countChildren(): Promise<unknown> {
    return this.ask('countChildren', undefined)
  }

  private ask(kind: string, argument: unknown): Promise<unknown> {
    return callStage(this, kind, [argument, { timeout: Number.POSITIVE_INFINITY }])
  }
}
