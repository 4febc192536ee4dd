import { optionTable } from '../base/options/option-table.ts'
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
import { Cancellations, launchProbe, nameOption, type ProbeOptions } from './probe.ts'
import { expectTestRuntime, type ManualRuntime, type TestRuntime } from './test-runtime.ts'

/** Options of a producer probe. */
export interface ProducerProbeOptions<Event, Options = {}> extends ProbeOptions {
  /** Decides which subscriber gets which event. Default: `demandDispatcher()`. */
  readonly dispatcher?: Dispatcher<Event, Options>
}

/** A subscriber of a probe, with its options. */
export interface ProbeSubscriber<Options = {}> {
  readonly subscriber: Subscriber
  /** The options of the subscription, unchanged. */
  readonly options: SubscribeOptions & Options
}

/**
 * A producer that a test controls: it emits the events that the test passes to it, and checks the demand that it receives.
 *
 * Each `expect…` method first waits until the runtime has settled.
 */
export interface ProducerProbe<Event, Options = {}> {
  /** The reference of the probe, to which consumers under test subscribe. */
  readonly ref: ProducerRef<Event> & OptionsTrait<Options>
  /** How many events have been asked for and not been emitted so far. Settle the runtime before you read it. */
  readonly pendingDemand: number
  /** Emits events, with or without demand; those without demand are buffered. Returns at once. */
  emit(events: readonly Event[]): void
  /** Settles, and expects that exactly `demand` events have been asked for since the last such check. */
  expectDemand(demand: number): Promise<void>
  /** Settles, and expects a subscriber; returns the first that was not checked before. */
  expectSubscriber(): Promise<ProbeSubscriber<Options>>
  /** Settles, and expects that since the last check there was no demand, no new subscriber and no cancellation. */
  expectNothing(): Promise<void>
  /**
   * Settles, and expects that a subscription has ended: cancelled, refused, or because its consumer has exited.
   *
   * If several have ended, it checks the first that was not checked before.
   *
   * @param reason The reason of the cancellation, or of the exit. Default: any reason.
   */
  expectCancelled(...reason: [reason?: ExitReason]): Promise<void>
  /**
   * Stops the probe with this reason (default: `'normal'`), and settles.
   *
   * Its buffered events are lost. With an `Error` as the reason, other stages see a crash.
   */
  stop(reason?: ExitReason): Promise<void>
}

const producerProbeOptions = optionTable({
  name: nameOption,
  dispatcher: {
    type: dispatcherType,
    absent: '`demandDispatcher()`',
    text: 'Decides which subscriber gets which event.',
  },
})

/**
 * Starts a producer that a test controls, for a consumer under test to subscribe to.
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
  private readonly cancellations = new Cancellations()
  /** The subscribers that the test has not checked. */
  private readonly newSubscribers: ProbeSubscriber<Options>[] = []
  /** The demand since the test last checked it. */
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
        this.newSubscribers.push({ subscriber, options })
      },
      handleCancel: (reason) => this.cancellations.add(reason),
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
    // A copy, because an array that is emitted must not change any more.
    self.cast('emit', events.slice())
  }

  async expectDemand(demand: number): Promise<void> {
    await this.runtime.settle()
    const got = this.newDemand
    if (got !== demand) {
      const message = `expected ${this.label} to be asked for ${demand} events, got: ${got}${this.cancellations.remark}`
      throw new ExpectationError(message, demand, got)
    }
    this.newDemand = 0
  }

  async expectSubscriber(): Promise<ProbeSubscriber<Options>> {
    await this.runtime.settle()
    const subscriber = this.newSubscribers.shift()
    if (subscriber !== undefined) return subscriber
    throw new ExpectationError(`expected ${this.label} to have a new subscriber, got: none`, 1, 0)
  }

  async expectNothing(): Promise<void> {
    await this.runtime.settle()
    const demand = this.newDemand
    const consumers = this.newSubscribers.map(({ subscriber }) => subscriber.consumer)
    const { remark } = this.cancellations
    if (demand === 0 && consumers.length === 0 && remark === '') return
    const subscribed = consumers.length === 0 ? '' : `; it has new subscribers: ${quote(consumers)}`
    const message = `expected ${this.label} to receive no demand, got: ${demand}${subscribed}${remark}`
    throw new ExpectationError(message, 0, demand)
  }

  async expectCancelled(...reason: [reason?: ExitReason]): Promise<void> {
    await this.runtime.settle()
    this.cancellations.expect(this.label, reason)
  }

  async stop(reason: ExitReason = 'normal'): Promise<void> {
    await this.runtime.settle(this.ref.stop(reason))
  }
}
