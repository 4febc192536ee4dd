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
import { requestFromSource } from '../subscription/subscribe-options.ts'
import { consumerOptions, producerConsumerOptions, producerOptions } from './stage-options.ts'
import { type MakeStage, StageSetup } from './stage-setup.ts'

/** A kind of stage. Each is an export, so that a bundle holds only the kinds that its program uses. */
interface StageKind {
  readonly name: 'producer' | 'producer-consumer' | 'consumer'
  readonly make: MakeStage
  readonly refer: (process: Process) => ProcessReference
}

/** A stage that emits events. */
export const producerKind: StageKind = {
  name: 'producer',
  make(process, callbacks, members): StageBehaviour {
    const options = producerOptions.read(members, 'the callbacks and options of a producer')
    const dispatcher = claimDispatcher(options.dispatcher)
    process.trapsExits = options.trapExit
    return new ProducerStage(process, callbacks, options, { ...options, dispatcher })
  },
  refer: (process) => new ProducerReference(process),
}

/** A stage that handles events and emits others. */
export const producerConsumerKind: StageKind = {
  name: 'producer-consumer',
  make(process, callbacks, members): StageBehaviour {
    const options = producerConsumerOptions.read(members, 'the callbacks and options of a producer-consumer')
    const dispatcher = claimDispatcher(options.dispatcher)
    const subscribeTo = options.subscribeTo.map((source) => requestFromSource(process.runtime, source))
    process.trapsExits = options.trapExit
    return new ProducerConsumerStage(process, callbacks, options, { ...options, dispatcher, subscribeTo })
  },
  refer: (process) => new ProducerConsumerReference(process),
}

/** A stage that handles events. */
export const consumerKind: StageKind = {
  name: 'consumer',
  make(process, callbacks, members): StageBehaviour {
    const options = consumerOptions.read(members, 'the callbacks and options of a consumer')
    const subscribeTo = options.subscribeTo.map((source) => requestFromSource(process.runtime, source))
    process.trapsExits = options.trapExit
    return new ConsumerStage(process, callbacks, options, { subscribeTo })
  },
  refer: (process) => new ConsumerReference(process),
}

/** Makes a stage of some kind out of its callbacks, or the function that sets them up. */
export function defineStage<Ref extends ProcessRef>(kind: StageKind, setup: unknown): Startable<Ref> {
  const { name, make, refer } = kind
  return new Definition(name, (process) => new StageSetup(process, setup, make), refer).as<Ref>()
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
