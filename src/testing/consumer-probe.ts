import { optionTable } from '../base/option-table.ts'
import { quote } from '../base/quote.ts'
import type { ExitReason } from '../process/exit/exit-reason.ts'
import { consumer } from '../stage/definition/factories.ts'
import type { ConsumerRef, OptionsArgument, OptionsOf, ProducerRef } from '../stage/types/references.ts'
import type { Subscription } from '../stage/types/subscription.ts'
import { ExpectationError, expectSameEvents } from './expectation.ts'
import { Endings, launchProbe, nameOption, type ProbeOptions } from './probe.ts'
import { expectTestRuntime, type ManualRuntime, type TestRuntime } from './test-runtime.ts'

/**
 * A consumer in the hands of a test: it asks for what the test says, and checks what comes.
 *
 * Whatever it expects, it first lets the runtime settle. It outlives its subscriptions.
 */
export interface ConsumerProbe<Event> {
  /** The probe as a stage, to be handed to others. */
  readonly ref: ConsumerRef<Event>
  /** All events that it has been sent, in order. */
  readonly events: readonly Event[]
  /**
   * Subscribes it, and settles. It asks for nothing by itself.
   *
   * Its subscriptions are `'temporary'` unless the options say otherwise; whoever expects a refusal asks
   * `expectCancelled`.
   */
  subscribe<Producer extends ProducerRef<Event>>(
    producer: Producer,
    ...options: OptionsArgument<OptionsOf<Producer>>
  ): Promise<Subscription>
  /**
   * Asks for `demand` more events, of the producer it has subscribed to last; of others ask by the subscription.
   *
   * @throws {Error} If it has not subscribed.
   */
  ask(demand: number): void
  /** Cancels the subscription that it has made last. Default of the reason: `'normal'`. */
  cancel(reason?: ExitReason): void
  /** Settles, and expects that these events have come since the last time, in this order, and no others. */
  expectEvents(events: readonly Event[]): Promise<void>
  /** Settles, and expects that no event has come, and no subscription has ended, that was not expected before. */
  expectNothing(): Promise<void>
  /**
   * Settles, and expects that a subscription has ended: cancelled, refused, or with its producer.
   *
   * Of several it takes the first that was not expected before.
   *
   * @param reason Why. Default: for any reason.
   */
  expectCancelled(...reason: [reason?: ExitReason]): Promise<void>
}

const consumerProbeOptions = optionTable({ name: nameOption })

/**
 * Starts a consumer that does and checks what the test says: what a producer under test is subscribed to by.
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
  private readonly endings = new Endings()
  private subscription: Subscription | undefined
  /** How many of the events the test has spoken of. */
  private spokenOf = 0

  constructor(runtime: ManualRuntime, name: string | undefined) {
    const { events, endings } = this
    const stage = consumer({
      handleSubscribe: () => 'manual',
      handleEvents(batch: readonly Event[]) {
        for (const event of batch) events.push(event)
      },
      handleCancel: (reason) => endings.add(reason),
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
    expectSameEvents(this.label, expected, this.events.slice(this.spokenOf), this.endings.remark)
    this.spokenOf = this.events.length
  }

  async expectNothing(): Promise<void> {
    await this.runtime.settle()
    const got = this.events.slice(this.spokenOf)
    const { remark } = this.endings
    if (got.length === 0 && remark === '') return
    throw new ExpectationError(`expected ${this.label} to be sent nothing, got: ${quote(got)}${remark}`, [], got)
  }

  async expectCancelled(...reason: [reason?: ExitReason]): Promise<void> {
    await this.runtime.settle()
    this.endings.expect(this.label, reason)
  }

  private subscribed(does: string): Subscription {
    if (this.subscription !== undefined) return this.subscription
    throw new Error(`expected ${this.label} to be subscribed before it ${does}`)
  }
}
