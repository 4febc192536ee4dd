import { demandDispatcher } from '../../dispatcher/demand-dispatcher.ts'
import type { Dispatcher } from '../../dispatcher/dispatcher.ts'
import type { Process } from '../../process/process.ts'
import type { ProcessRef } from '../../process/process-ref.ts'
import type { ProcessReference } from '../../process/reference.ts'
import { Definition } from '../../process/start/definition.ts'
import type { Stage } from '../../process/start/start-types.ts'
import { ConsumerReference, ProducerConsumerReference, ProducerReference } from '../handles/stage-references.ts'
import { ConsumerStage } from '../kinds/consumer-stage.ts'
import { ProducerConsumerStage } from '../kinds/producer-consumer-stage.ts'
import { ProducerStage } from '../kinds/producer-stage.ts'
import type { StageBehaviour } from '../kinds/stage-behaviour.ts'
import { requestFromSource } from '../subscription/subscribe-request.ts'
import { readEach } from './read-each.ts'
import { consumerOptions, producerConsumerOptions, producerOptions } from './stage-options.ts'
import { type CreateStage, StageSetup } from './stage-setup.ts'

/** A kind of stage. Each is an export of its own, so that a bundle contains only the kinds that its program uses. */
interface StageKind {
  readonly name: 'producer' | 'producer-consumer' | 'consumer'
  readonly createStage: CreateStage
  readonly createReference: (process: Process) => ProcessReference
}

/** The kind of stage that emits events. */
export const producerKind: StageKind = {
  name: 'producer',
  createStage(process, callbacks, given): StageBehaviour {
    const options = producerOptions.read(given, 'the callbacks and options of a producer')
    const dispatcher = claimDispatcher(options.dispatcher)
    process.trapsExits = options.trapExit
    return new ProducerStage(process, callbacks, options, { ...options, dispatcher })
  },
  createReference: (process) => new ProducerReference(process),
}

/** The kind of stage that handles events and emits others. */
export const producerConsumerKind: StageKind = {
  name: 'producer-consumer',
  createStage(process, callbacks, given): StageBehaviour {
    const options = producerConsumerOptions.read(given, 'the callbacks and options of a producer-consumer')
    const dispatcher = claimDispatcher(options.dispatcher)
    const subscribeTo = options.subscribeTo.map((source) => requestFromSource(process.runtime, source))
    process.trapsExits = options.trapExit
    return new ProducerConsumerStage(process, callbacks, options, {
      ...options,
      dispatcher,
      subscribeTo,
      each: readEach(given, options),
    })
  },
  createReference: (process) => new ProducerConsumerReference(process),
}

/** The kind of stage that handles events. */
export const consumerKind: StageKind = {
  name: 'consumer',
  createStage(process, callbacks, given): StageBehaviour {
    const options = consumerOptions.read(given, 'the callbacks and options of a consumer')
    const subscribeTo = options.subscribeTo.map((source) => requestFromSource(process.runtime, source))
    process.trapsExits = options.trapExit
    return new ConsumerStage(process, callbacks, options, { subscribeTo, each: readEach(given, options) })
  },
  createReference: (process) => new ConsumerReference(process),
}

/** Defines a stage of a kind by its callbacks and options, or by a setup function that returns them. */
export function defineStage<Ref extends ProcessRef>(kind: StageKind, setup: unknown): Stage<Ref> {
  const { name, createStage, createReference } = kind
  return new Definition(name, (process) => new StageSetup(process, setup, createStage), createReference).as<Ref>()
}

/** The dispatchers that belong to a stage. A dispatcher holds the subscribers of its stage, so it cannot serve two. */
const claimedDispatchers = new WeakSet<object>()

function claimDispatcher(given: Dispatcher<unknown, unknown> | undefined): Dispatcher<unknown, unknown> {
  const dispatcher = given ?? (demandDispatcher() as Dispatcher<unknown, unknown>)
  if (claimedDispatchers.has(dispatcher)) {
    throw new TypeError(
      'expected a dispatcher that no stage has, got one that belongs to another stage: create one for each stage',
    )
  }
  claimedDispatchers.add(dispatcher)
  return dispatcher
}
