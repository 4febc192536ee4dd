import { demandDispatcher } from '../../dispatcher/demand-dispatcher.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { Definition } from '../../process/start/definition.ts'
import type { Stage as Startable } from '../../process/start/start-types.ts'
import { ConsumerReference, ProducerConsumerReference, ProducerReference } from '../handles/stage-references.ts'
import { ConsumerStage } from '../kinds/consumer-stage.ts'
import { ProducerConsumerStage } from '../kinds/producer-consumer-stage.ts'
import { ProducerStage } from '../kinds/producer-stage.ts'
import type { StageBehaviour } from '../kinds/stage-behaviour.ts'
import { requestFromSource } from '../subscription/subscribe-request.ts'
import { consumerOptions, producerConsumerOptions, producerOptions } from './stage-options.ts'
import { type MakeStage, StageSetup } from './stage-setup.ts'

/** The three kinds of stage. */
type StageKind = 'producer' | 'producer-consumer' | 'consumer'

interface KindOfStage {
  readonly make: MakeStage
  readonly refer: (process: Process) => ProcessReference
}

const kinds: Readonly<Record<StageKind, KindOfStage>> = {
  producer: {
    make(process, callbacks, members): StageBehaviour {
      const options = producerOptions.read(members, 'the callbacks and options of a producer')
      const dispatcher = claimDispatcher(options.dispatcher)
      process.trapsExits = options.trapExit
      return new ProducerStage(process, callbacks, options, { ...options, dispatcher })
    },
    refer: (process) => new ProducerReference(process),
  },
  'producer-consumer': {
    make(process, callbacks, members): StageBehaviour {
      const options = producerConsumerOptions.read(members, 'the callbacks and options of a producer-consumer')
      const dispatcher = claimDispatcher(options.dispatcher)
      const subscribeTo = options.subscribeTo.map((source) => requestFromSource(process.runtime, source))
      process.trapsExits = options.trapExit
      return new ProducerConsumerStage(process, callbacks, options, { ...options, dispatcher, subscribeTo })
    },
    refer: (process) => new ProducerConsumerReference(process),
  },
  consumer: {
    make(process, callbacks, members): StageBehaviour {
      const options = consumerOptions.read(members, 'the callbacks and options of a consumer')
      const subscribeTo = options.subscribeTo.map((source) => requestFromSource(process.runtime, source))
      process.trapsExits = options.trapExit
      return new ConsumerStage(process, callbacks, options, { subscribeTo })
    },
    refer: (process) => new ConsumerReference(process),
  },
}

/** Makes a stage of some kind out of its callbacks, or the function that sets them up. */
export function defineStage<Ref extends ProcessRef>(kind: StageKind, setup: unknown): Startable<Ref> {
  const { make, refer } = kinds[kind]
  return new Definition(kind, (process) => new StageSetup(process, setup, make), refer).as<Ref>()
}

/** Dispatchers that belong to a stage: they hold its subscribers, and cannot serve two. */
const claimedDispatchers = new WeakSet<object>()

function claimDispatcher(given: Dispatcher<unknown, unknown> | undefined): Dispatcher<unknown, unknown> {
  const dispatcher = given ?? (demandDispatcher() as Dispatcher<unknown, unknown>)
  if (claimedDispatchers.has(dispatcher)) {
    throw new TypeError('expected a dispatcher of its own for each stage, got one that belongs to another stage')
  }
  claimedDispatchers.add(dispatcher)
  return dispatcher
}
