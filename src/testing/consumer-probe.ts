import { optionTable } from '../base/options/option-table.ts'
import { quote } from '../base/quote.ts'
import type { ExitReason } from '../process/exit/exit-reason.ts'
import { consumer } from '../stage/definition/factories.ts'
import type { ConsumerRef, OptionsArgument, OptionsOf, ProducerRef } from '../stage/types/references.ts'
import type { Subscription } from '../stage/types/subscription.ts'
import { ExpectationError, expectSameEvents } from './expectation.ts'
import { Cancellations, launchProbe, nameOption, type ProbeOptions } from './probe.ts'
import { expectTestRuntime, type ManualRuntime, type TestRuntime } from './test-runtime.ts'

/**
 * A consumer that a test controls: it asks when the test asks, and checks the events that it receives.
 *
 * Each `expect…` method first waits until the runtime has settled. The probe outlives its subscriptions.
 */
export interface ConsumerProbe<Event> {
  /** The reference of the probe, to pass to other stages. */
  readonly ref: ConsumerRef<Event>
  /** All events that it has received, in order. */
  readonly events: readonly Event[]
  /**
   * Subscribes it, and settles. It asks for nothing by itself.
   *
   * Its subscriptions are `'temporary'` unless the options specify another mode. To expect a refusal, use
   * `expectCancelled`.
   */
  subscribe<Producer extends ProducerRef<Event>>(
    producer: Producer,
    ...options: OptionsArgument<OptionsOf<Producer>>
  ): Promise<Subscription>
  /**
   * Asks the producer that it has subscribed to last for `demand` more events. To ask another one, use the subscription.
   *
   * @throws {Error} If it has not subscribed.
   */
  ask(demand: number): void
  /** Cancels the subscription that it has made last. Default reason: `'normal'`. */
  cancel(reason?: ExitReason): void
  /** Settles, and expects exactly these events, in this order, since the last such check. */
  expectEvents(events: readonly Event[]): Promise<void>
  /** Settles, and expects that since the last check no event has come and no subscription has ended. */
  expectNothing(): Promise<void>
  /**
   * Settles, and expects that a subscription has ended: cancelled, refused, or because its producer has exited.
   *
   * If several have ended, it checks the first that was not checked before.
   *
   * @param reason The reason of the cancellation, or of the exit. Default: any reason.
   */
  expectCancelled(...reason: [reason?: ExitReason]): Promise<void>
}

const consumerProbeOptions = optionTable({ name: nameOption })

/**
 * Starts a consumer that a test controls, to subscribe to a producer under test.
 *
 * @example A producer under test
 * ```ts
 * import { fromIterable, start } from 'genstage'
 * import { consumerProbe, testRuntime } from 'genstage/testing'
 *
 * const runtime = testRuntime()
 * const letters = await start(fromIterable(['a', 'b', 'c']), { runtime })
 * const probe = consumerProbe<string>(runtime)
 * await probe.subscribe(letters)
 * await probe.expectNothing()
 * probe.ask(2)
 * await probe.expectEvents(['a', 'b'])
 * probe.ask(2)
 * await probe.expectEvents(['c'])
 * await probe.expectCancelled('normal')
 * ```
 */
export function consumerProbe<Event>(runtime: TestRuntime, options?: ProbeOptions): ConsumerProbe<Event> {
  const { name } = consumerProbeOptions.read(options, 'the options of consumerProbe')
  return new Consumer<Event>(expectTestRuntime(runtime), name)
}

class Consumer<Event> implements ConsumerProbe<Event> {
  readonly ref: ConsumerRef<Event>
  readonly events: Event[] = []
  private readonly runtime: ManualRuntime
  private readonly label: string
  private readonly cancellations = new Cancellations()
  private subscription: Subscription | undefined
  /** How many of the events the test has checked. */
  private checkedCount = 0

  constructor(runtime: ManualRuntime, name: string | undefined) {
    const { events, cancellations } = this
    const stage = consumer({
      handleSubscribe: () => 'manual',
      handleEvents(batch: readonly Event[]) {
        for (const event of batch) events.push(event)
      },
      handleCancel: (reason) => cancellations.add(reason),
    })
    const { ref, label } = launchProbe(runtime, stage, name)
    this.runtime = runtime
    this.label = label
    this.ref = ref
  }

  async subscribe(producer: ProducerRef<Event>, options?: object): Promise<Subscription> {
    const subscribing = this.ref.subscribe(producer, { cancel: 'temporary', ...options })
    this.subscription = await this.runtime.settle(subscribing)
    return this.subscription
  }

  ask(demand: number): void {
    this.subscribed('asks').ask(demand)
  }

  cancel(reason?: ExitReason): void {
    this.subscribed('cancels').cancel(reason)
  }

  async expectEvents(expected: readonly Event[]): Promise<void> {
    await this.runtime.settle()
    expectSameEvents(this.label, expected, this.events.slice(this.checkedCount), this.cancellations.remark)
    this.checkedCount = this.events.length
  }

  async expectNothing(): Promise<void> {
    await this.runtime.settle()
    const got = this.events.slice(this.checkedCount)
    const { remark } = this.cancellations
    if (got.length === 0 && remark === '') return
    throw new ExpectationError(`expected ${this.label} to receive nothing, got: ${quote(got)}${remark}`, [], got)
  }

  async expectCancelled(...reason: [reason?: ExitReason]): Promise<void> {
    await this.runtime.settle()
    this.cancellations.expect(this.label, reason)
  }

  private subscribed(does: string): Subscription {
    if (this.subscription !== undefined) return this.subscription
    throw new Error(`expected ${this.label} to be subscribed before it ${does}`)
  }
}
