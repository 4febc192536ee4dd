import { array } from '../../base/options/option-type.ts'
import { demandDispatcher } from '../../dispatcher/demand-dispatcher.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import { isCleanExit } from '../../process/exit/exit-reason.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { defineStage, producerConsumerKind } from '../../stage/definition/define-stage.ts'
import type { ProducerConsumerCallbacks } from '../../stage/types/callbacks.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { Source } from '../../stage/types/source.ts'
import type { DefaultRow } from '../option-rows.ts'
import { expectSource } from '../producer-of.ts'
import { runSelfMessage, SelfMessage, type SelfMessageResult } from '../source/self-message.ts'
import { type ExternalSourceOptions, emittingRows, type ValidExternalSourceOptions } from '../source/source-options.ts'
import { SubscriberTracker } from '../source/subscriber-tracker.ts'
import { DeferredSources } from '../stream/deferred-sources.ts'
import { IncomingTexts, type TextTransform, type TextTransformResult } from './incoming-texts.ts'
import { OutgoingTexts } from './outgoing-texts.ts'
import { TextDispatcher } from './text-dispatcher.ts'
import { markTextReader, TextEnd, type TextId, withTextId } from './text-piece.ts'

/** Options of a stage that turns pieces of a text into other pieces. */
export interface TextOptions<In, Options> extends Omit<ExternalSourceOptions<string, Options>, 'signal'> {
  /**
   * Producers to subscribe to once the first consumer has subscribed, each with default options or as
   * `to(producer, options)`. Default: none.
   *
   * Until then it asks for nothing, because a text could end before any consumer is there to be notified of it.
   */
  readonly subscribeTo?: readonly Source<In>[]
}

/** Options of a stage for text, complete. */
export interface ValidTextOptions extends Omit<ValidExternalSourceOptions, 'signal'> {
  readonly subscribeTo: readonly unknown[]
}

/** The options of every stage for text. */
export const textRows: typeof emittingRows & { readonly subscribeTo: DefaultRow<readonly unknown[]> } = {
  ...emittingRows,
  subscribeTo: {
    type: array<unknown>(),
    default: [],
    text: 'Producers to subscribe to once the first consumer has subscribed.',
  },
}

/** What distinguishes one stage for text from another. */
interface TextStage {
  /** Its name in messages. */
  readonly operation: string
  readonly makeTransform: () => TextTransform<unknown>
  /** What it emits: pieces, which have a meaning only in sequence, or lines, each of which is complete. */
  readonly emits: 'pieces' | 'lines'
}

/**
 * Makes a stage that transforms texts. The events of each of its producers are one text, or several texts if the producer
 * is a stage of this kind that emits pieces of several. The rest at the clean end of a text is its last piece.
 */
export function defineTextStage<Ref extends ProcessRef>(
  { operation, makeTransform, emits }: TextStage,
  { dispatcher, onCancel, subscribeTo }: ValidTextOptions,
): Stage<Ref> {
  const sources = subscribeTo.map((source) => expectSource(source))
  return defineStage<Ref>(producerConsumerKind, (stage: ConsumerContext) => {
    const subscribers = new SubscriberTracker(stage.self, onCancel)
    const deferred = new DeferredSources(operation, sources)
    const input = new IncomingTexts(makeTransform)
    const output = emits === 'pieces' ? new OutgoingTexts(stage) : undefined
    if (emits === 'lines') markTextReader(stage.self)
    stage.signal.addEventListener('abort', () => deferred.release(stage.signal.reason), { once: true })
    const subscribeToSources = (): SelfMessageResult => {
      // The subscriber may have been refused since.
      if (!subscribers.isEmpty) deferred.subscribe(stage)
      return {}
    }
    const callbacks: ProducerConsumerCallbacks<unknown, unknown, unknown> = {
      ...dispatcherFor(dispatcher, emits),
      handleSubscribe(role, _options, from) {
        if (role !== 'consumer') return
        subscribers.add(from)
        output?.addSubscriber(from)
        if (deferred.areWaiting) stage.self.send(new SelfMessage(subscribeToSources))
      },
      handleEvents(events, from) {
        deferred.confirm(from)
        return withText(input.transform(events, from), output?.textOf(from))
      },
      handleCancel(reason, from) {
        if (subscribers.remove(from, reason)) {
          output?.removeSubscriber(from)
          return
        }
        deferred.confirm(from)
        const isComplete = isCleanExit('down' in reason ? reason.down : reason.cancel)
        const rest = withText(input.end(from, isComplete), output?.textOf(from))
        output?.end(from, isComplete)
        return rest
      },
      handleInfo(message: unknown) {
        if (!(message instanceof TextEnd)) return runSelfMessage(message)
        input.announceEnd(message)
        // Pieces that came before may still be queued for demand: the end of their text is queued after them.
        stage.info(new SelfMessage(() => input.endText(message)))
        return
      },
      terminate: () => output?.close(),
    }
    return callbacks
  })
}

/** The dispatcher of a stage. If it emits pieces, each subscriber gets them in the form that it can read. */
function dispatcherFor(
  dispatcher: Dispatcher<unknown, unknown> | undefined,
  emits: 'pieces' | 'lines',
): { readonly dispatcher?: Dispatcher<unknown, unknown> } {
  if (emits === 'pieces')
    return { dispatcher: TextDispatcher.around(dispatcher ?? (demandDispatcher() as Dispatcher<unknown, unknown>)) }
  return dispatcher === undefined ? {} : { dispatcher }
}

/** Adds to the result of a transform the text that it belongs to. */
function withText({ events, ...rest }: TextTransformResult, text: TextId): TextTransformResult {
  return { events: withTextId(text, events), ...rest }
}
