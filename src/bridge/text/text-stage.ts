import { array } from '../../base/option-type.ts'
import { demandDispatcher } from '../../dispatcher/demand-dispatcher.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import { isCleanExit } from '../../process/exit/exit-reason.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { defineStage, producerConsumerKind } from '../../stage/definition/define-stage.ts'
import type { ProducerConsumerCallbacks } from '../../stage/types/callbacks.ts'
import type { ConsumerContext } from '../../stage/types/context.ts'
import type { Source } from '../../stage/types/subscription.ts'
import type { DefaultRow } from '../option-rows.ts'
import { expectSource } from '../producer-of.ts'
import { type Result, runOwnMessage, SelfMessage } from '../source/self-message.ts'
import { emittingRows, type FeedOptions, type ValidFeedOptions } from '../source/source-options.ts'
import { SubscriberTracker } from '../source/subscriber-tracker.ts'
import { LateSources } from '../stream/late-sources.ts'
import { TextDispatcher } from './text-dispatcher.ts'
import { named, readTexts, TextEnd, type TextId } from './text-piece.ts'
import { type CutResult, type Cutter, IncomingTexts, OutgoingTexts } from './texts.ts'

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

/** How the stage of a cutter is made. */
interface TextStage {
  /** What to call it in a message. */
  readonly operation: string
  readonly makeCutter: () => Cutter<unknown>
  /** What it makes of its texts: pieces, which mean something only in a row, or lines, each of which is whole. */
  readonly emits: 'pieces' | 'lines'
}

/**
 * Makes the stage that cuts texts: the events of each of its producers are one text, or, where a stage of this kind sends
 * pieces of several, several. What is left at the clean end of a text is its last piece.
 */
export function defineTextStage<Ref extends ProcessRef>(
  { operation, makeCutter, emits }: TextStage,
  { dispatcher, onCancel, subscribeTo }: ValidTextOptions,
): Stage<Ref> {
  const sources = subscribeTo.map((source) => expectSource(source))
  return defineStage<Ref>(producerConsumerKind, (stage: ConsumerContext) => {
    const audience = new SubscriberTracker(stage.self, onCancel)
    const late = new LateSources(operation, sources)
    const input = new IncomingTexts(makeCutter)
    const output = emits === 'pieces' ? new OutgoingTexts(stage) : undefined
    if (emits === 'lines') readTexts(stage.self)
    stage.signal.addEventListener('abort', () => late.giveUp(stage.signal.reason), { once: true })
    const begin = (): Result => {
      // Whoever came may have been refused.
      if (!audience.isEmpty) late.subscribe(stage)
      return {}
    }
    const callbacks: ProducerConsumerCallbacks<unknown, unknown, unknown> = {
      ...dispatcherFor(dispatcher, emits),
      handleSubscribe(role, _options, from) {
        if (role !== 'consumer') return
        audience.join(from)
        output?.join(from)
        if (late.areWaiting) stage.self.send(new SelfMessage(begin))
      },
      handleEvents(events, from) {
        late.confirm(from)
        return withText(input.cut(events, from), output?.textOf(from))
      },
      handleCancel(reason, from) {
        if (audience.leave(from, reason)) {
          output?.leave(from)
          return
        }
        late.confirm(from)
        const isComplete = isCleanExit('down' in reason ? reason.down : reason.cancel)
        const rest = withText(input.end(from, isComplete), output?.textOf(from))
        output?.end(from, isComplete)
        return rest
      },
      handleInfo(message: unknown) {
        if (!(message instanceof TextEnd)) return runOwnMessage(message)
        input.announceEnd(message)
        // Pieces that came before may still wait for demand: the end of their text waits behind them.
        stage.info(new SelfMessage(() => input.endText(message)))
        return
      },
      terminate: () => output?.close(),
    }
    return callbacks
  })
}

/** The dispatcher of a stage, and where it emits pieces one that gives each subscriber those that it can read. */
function dispatcherFor(
  dispatcher: Dispatcher<unknown, unknown> | undefined,
  emits: 'pieces' | 'lines',
): { readonly dispatcher?: Dispatcher<unknown, unknown> } {
  if (emits === 'pieces')
    return { dispatcher: TextDispatcher.around(dispatcher ?? (demandDispatcher() as Dispatcher<unknown, unknown>)) }
  return dispatcher === undefined ? {} : { dispatcher }
}

/** What a cutter gave, with the text that it belongs to. */
function withText({ events, ...rest }: CutResult, text: TextId): CutResult {
  return { events: named(text, events), ...rest }
}
