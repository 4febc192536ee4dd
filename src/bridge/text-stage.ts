import { array } from '../base/option-type.ts'
import { thrownReason } from '../process/ending.ts'
import { isOrderly } from '../process/exit-reason.ts'
import type { ProcessRef } from '../process/process-ref.ts'
import type { Stage } from '../process/startable.ts'
import type { ProducerConsumerCallbacks } from '../stage/callbacks.ts'
import type { ConsumerContext } from '../stage/context.ts'
import { define } from '../stage/definition.ts'
import type { Source, Subscription } from '../stage/subscribing.ts'
import { Audience } from './audience.ts'
import { OwnMessage, type Result, runOwnMessage } from './own-message.ts'
import { expectSource } from './producer-of.ts'
import type { DefaultRow } from './rows.ts'
import { emittingRows, type FeedOptions, type ValidFeedOptions } from './source-options.ts'

/** How a stage works that turns pieces of a text into others. */
export interface TextOptions<In, Options> extends Omit<FeedOptions<string, Options>, 'signal'> {
  /**
   * Producers to subscribe to once the first consumer has subscribed, each with default options or as
   * `to(producer, options)`. Default: none.
   *
   * A text may be over before anybody is there to be told; so nothing of it is asked for until then.
   */
  readonly subscribeTo?: readonly Source<In>[]
}

/** Options of a stage for text, complete. */
export interface ValidTextOptions extends Omit<ValidFeedOptions, 'signal'> {
  readonly subscribeTo: readonly unknown[]
}

/** The rows that every stage for text has. */
export const textRows: typeof emittingRows & { readonly subscribeTo: DefaultRow<readonly unknown[]> } = {
  ...emittingRows,
  subscribeTo: {
    type: array<unknown>(),
    default: [],
    text: 'Producers to subscribe to once the first consumer has subscribed.',
  },
}

/** Turns the pieces of one text into others; what it cannot tell yet it keeps for the next piece. */
export interface Cutter<in In> {
  /** Takes the next piece, and adds what is whole now to `out`. */
  cut(piece: In, out: string[]): void
  /** The text has ended: adds what is left. */
  finish(out: string[]): void
}

/**
 * Makes the stage that cuts texts: each of its producers' events are one text, whose last piece is what is left at that
 * producer's orderly end.
 */
export function defineTextStage<Ref extends ProcessRef>(
  makeCutter: () => Cutter<unknown>,
  { dispatcher, onCancel, subscribeTo: given }: ValidTextOptions,
): Stage<Ref> {
  const subscribeTo = given.map((source) => expectSource(source))
  return define<Ref>('producer-consumer', (stage: ConsumerContext) => {
    const audience = new Audience(stage.self, onCancel)
    const cutters = new Map<object, Cutter<unknown>>()
    const cutterFor = (subscription: Subscription): Cutter<unknown> => {
      const known = cutters.get(subscription)
      if (known !== undefined) return known
      const cutter = makeCutter()
      cutters.set(subscription, cutter)
      return cutter
    }
    const begin = (): Result => {
      // Whoever came may have been refused.
      if (!audience.isEmpty) for (const source of subscribeTo.splice(0)) stage.subscribe(source)
      return {}
    }
    const callbacks: ProducerConsumerCallbacks<unknown, string, unknown> = {
      ...(dispatcher === undefined ? {} : { dispatcher }),
      handleSubscribe(role, _options, from) {
        if (role !== 'consumer') return
        audience.join(from)
        if (subscribeTo.length > 0) stage.self.send(new OwnMessage(begin))
      },
      handleEvents(events, from) {
        const cutter = cutterFor(from)
        const out: string[] = []
        try {
          for (const event of events) cutter.cut(event, out)
        } catch (error) {
          // What was whole before the mistake is handed on before the end.
          return { events: out, stop: thrownReason(error) }
        }
        return out
      },
      handleCancel(reason, from) {
        if (audience.leave(from, reason)) return []
        const cutter = cutters.get(from)
        cutters.delete(from)
        const out: string[] = []
        if (isOrderly('down' in reason ? reason.down : reason.cancel)) cutter?.finish(out)
        return out
      },
      handleInfo: (message: unknown) => runOwnMessage(message) as { readonly events?: readonly string[] },
    }
    return callbacks
  })
}
