import { optionTable } from '../base/option-table.ts'
import { quote } from '../base/quote.ts'
import type { Dispatcher, Subscriber } from '../dispatcher/dispatcher.ts'
import { dispatcherType } from '../dispatcher/dispatcher-type.ts'
import type { ExitReason } from '../process/exit/exit-reason.ts'
import { producer } from '../stage/definition/factories.ts'
import type { ProducerCallbacks } from '../stage/types/callbacks.ts'
import type { OptionsTrait } from '../stage/types/inferred-reference.ts'
import type { Castable, ProducerRef } from '../stage/types/references.ts'
import type { SubscribeOptions } from '../stage/types/subscription.ts'
import { ExpectationError } from './expectation.ts'
import { Endings, launchProbe, nameOption, type ProbeOptions } from './probe.ts'
import { expectTestRuntime, type ManualRuntime, type TestRuntime } from './test-runtime.ts'

/** How a producer probe is made. */
export interface ProducerProbeOptions<Event, Options = {}> extends ProbeOptions {
  /** Who gets which event. Default: `demandDispatcher()`. */
  readonly dispatcher?: Dispatcher<Event, Options>
}

/** Who has subscribed to a probe, and how. */
export interface ProbeSubscriber<Options = {}> {
  readonly subscriber: Subscriber
  /** The options, as they were given. */
  readonly options: SubscribeOptions & Options
}

/**
 * A producer in the hands of a test: it emits what the test says, and checks what is asked of it.
 *
 * Whatever it expects, it first lets the runtime settle.
 */
export interface ProducerProbe<Event, Options = {}> {
  /** The probe as a stage: what consumers under test subscribe to. */
  readonly ref: ProducerRef<Event> & OptionsTrait<Options>
  /** How many events have been asked for and not been emitted, as things stand: settle before you look. */
  readonly pendingDemand: number
  /** Emits events, asked for or not; what nobody has asked for waits in its buffer. Returns at once. */
  emit(events: readonly Event[]): void
  /** Settles, and expects that exactly so many events have been asked for since the last time. */
  expectDemand(demand: number): Promise<void>
  /** Settles, and expects that somebody has subscribed; answers the first of those that were not expected before. */
  expectSubscriber(): Promise<ProbeSubscriber<Options>>
  /** Settles, and expects that nobody has asked, subscribed or gone who was not expected before. */
  expectNothing(): Promise<void>
  /**
   * Settles, and expects that a subscription has ended: cancelled, refused, or with its consumer.
   *
   * Of several it takes the first that was not expected before.
   *
   * @param reason Why. Default: for any reason.
   */
  expectCancelled(...reason: [reason?: ExitReason]): Promise<void>
  /**
   * Ends the probe with this reason (default: `'normal'`), and settles.
   *
   * What it has emitted and nobody has asked for is lost. An `Error` as the reason is what a crash looks like to others.
   */
  stop(reason?: ExitReason): Promise<void>
}

const producerProbeOptions = optionTable({
  name: nameOption,
  dispatcher: { type: dispatcherType, absent: '`demandDispatcher()`', text: 'Who gets which event.' },
})

/**
 * Starts a producer that does and checks what the test says: what a consumer under test subscribes to.
 *
 * A producer-consumer is tested between a producer probe and a consumer probe.
 *
 * @example A producer-consumer under test
 * ```ts
 * import { producerConsumer, start } from 'genstage'
 * import { consumerProbe, producerProbe, testRuntime } from 'genstage/testing'
 *
 * const runtime = testRuntime()
 * const source = producerProbe<number>(runtime)
 * const sink = consumerProbe<string>(runtime)
 * const shout = await start(
 *   producerConsumer({ handleEvents: (events: readonly number[]) => events.map((event) => `${event}!`) }),
 *   { runtime },
 * )
 * await sink.subscribe(shout)
 * await shout.subscribe(source.ref, { maxDemand: 4 })
 * await source.expectDemand(4)
 * source.emit([1, 2, 3])
 * sink.ask(2)
 * await sink.expectEvents(['1!', '2!'])
 * await source.expectDemand(2)
 * ```
 */
export function producerProbe<Event, Options = {}>(
  runtime: TestRuntime,
  options?: ProducerProbeOptions<Event, Options>,
): ProducerProbe<Event, Options> {
  const { name, dispatcher } = producerProbeOptions.read(options, 'the options of producerProbe')
  return new Producer<Event, Options>(expectTestRuntime(runtime), name, dispatcher)
}

class Producer<Event, Options> implements ProducerProbe<Event, Options> {
  readonly ref: ProducerRef<Event> & OptionsTrait<Options>
  pendingDemand = 0
  private readonly runtime: ManualRuntime
  private readonly label: string
  private readonly endings = new Endings()
  /** Those that the test has not spoken of. */
  private readonly arrivals: ProbeSubscriber<Options>[] = []
  /** What has been asked for since the test last spoke of it. */
  private newDemand = 0

  constructor(runtime: ManualRuntime, name: string | undefined, dispatcher: Dispatcher<Event, Options> | undefined) {
    const stage = producer(this.callbacks(dispatcher))
    const { ref, label } = launchProbe(runtime, stage, name)
    this.runtime = runtime
    this.label = label
    this.ref = ref
  }

  private callbacks(dispatcher: Dispatcher<Event, Options> | undefined): ProducerCallbacks<Event, Options, {}, {}> {
    return {
      ...(dispatcher !== undefined && { dispatcher }),
      handleDemand: (demand) => {
        this.pendingDemand += demand
        this.newDemand += demand
        return []
      },
      handleSubscribe: (_role, options, subscriber) => {
        this.arrivals.push({ subscriber, options })
      },
      handleCancel: (reason) => this.endings.add(reason),
      handleCast: {
        emit: (events: readonly Event[]) => {
          this.pendingDemand = Math.max(this.pendingDemand - events.length, 0)
          return events
        },
      },
    }
  }

  emit(events: readonly Event[]): void {
    const self = this.ref as unknown as Castable<{ emit(events: readonly Event[]): void }>
    // A copy, as whoever emits an array gives it away.
    self.cast('emit', events.slice())
  }

  async expectDemand(demand: number): Promise<void> {
    await this.runtime.settle()
    const got = this.newDemand
    if (got !== demand) {
      const message = `expected ${this.label} to be asked for ${demand} events, got: ${got}${this.endings.remark}`
      throw new ExpectationError(message, demand, got)
    }
    this.newDemand = 0
  }

  async expectSubscriber(): Promise<ProbeSubscriber<Options>> {
    await this.runtime.settle()
    const arrival = this.arrivals.shift()
    if (arrival !== undefined) return arrival
    throw new ExpectationError(`expected ${this.label} to have a new subscriber, got: none`, 1, 0)
  }

  async expectNothing(): Promise<void> {
    await this.runtime.settle()
    const demand = this.newDemand
    const consumers = this.arrivals.map(({ subscriber }) => subscriber.consumer)
    const { remark } = this.endings
    if (demand === 0 && consumers.length === 0 && remark === '') return
    const arrived = consumers.length === 0 ? '' : `; it has new subscribers, ${quote(consumers)}`
    const message = `expected ${this.label} to be asked for nothing, got: ${demand}${arrived}${remark}`
    throw new ExpectationError(message, 0, demand)
  }

  async expectCancelled(...reason: [reason?: ExitReason]): Promise<void> {
    await this.runtime.settle()
    this.endings.expect(this.label, reason)
  }

  async stop(reason: ExitReason = 'normal'): Promise<void> {
    await this.runtime.settle(this.ref.stop(reason))
  }
}
