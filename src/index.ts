export {
  BadReturnError,
  CallingSelfError,
  ChildRunningError,
  DeadlockError,
  ExitError,
  ExitedError,
  GenStageError,
  NameTakenError,
  NoProcessError,
  RefusedError,
  StageFailure,
  StartError,
  StartIgnoredError,
  ThrownValueError,
  TimeoutError,
} from './base/errors.ts'
export type { Logger, LogLevel } from './base/logger.ts'
export { broadcastDispatcher } from './dispatcher/broadcast-dispatcher.ts'
export { demandDispatcher } from './dispatcher/demand-dispatcher.ts'
export type {
  Delivery,
  Dispatched,
  Dispatcher,
  DispatcherShape,
  Refusal,
  Served,
  Subscriber,
} from './dispatcher/dispatcher.ts'
export { partitionDispatcher } from './dispatcher/partition-dispatcher.ts'
export { partitionHash } from './dispatcher/partition-hash.ts'
export { attach } from './process/attach.ts'
export { createRuntime, createScope, type ScopeOptions } from './process/create.ts'
export type { DrainResult, UndoneStage } from './process/drain.ts'
export type { ExitReason } from './process/exit-reason.ts'
export type { AbortSignalLike, CallOptions, DrainOptions, ProcessRef, StopOptions } from './process/process-ref.ts'
export type { Runtime, RuntimeOptions } from './process/runtime.ts'
export type { Runnable, Schedule } from './process/scheduler.ts'
export type { Scope } from './process/scope.ts'
export { start, startLink } from './process/start.ts'
export type { Name, RefOf, Stage, StartOptions } from './process/startable.ts'
export { type TaskContext, task } from './process/task.ts'
export type { Clock } from './process/timers.ts'
export type {
  Answer,
  CancelReason,
  Events,
  EventsOrNothing,
  Nothing,
  Outcome,
  Stop,
  SubscribeAnswer,
} from './stage/answers.ts'
export type {
  ConsumerCallbacks,
  ProducerCallbacks,
  ProducerConsumerCallbacks,
  Setup,
  SetupAnswer,
} from './stage/callbacks.ts'
export { type ConnectOptions, connect } from './stage/connect.ts'
export { consumerSupervisor } from './stage/consumer-supervisor.ts'
export type { ChildContext, ConsumerSupervisorOptions } from './stage/consumer-supervisor-options.ts'
export type { ConsumerContext, Down, Exit, Monitor, ProducerContext, StageContext, Timer } from './stage/context.ts'
export { type FromIterableOptions, fromIterable } from './stage/from-iterable.ts'
export { consumer, producer, producerConsumer } from './stage/makers.ts'
export { named } from './stage/named.ts'
export type {
  Accepts,
  Answers,
  ChildrenCount,
  ConsumerRef,
  ConsumerSupervisorRef,
  DemandMode,
  ProducerConsumerRef,
  ProducerRef,
  ReadsOptions,
  StageRef,
  TakesOptions,
} from './stage/references.ts'
export { type StreamOptions, stream } from './stage/stream.ts'
export type {
  CancelMode,
  ConfirmOptions,
  From,
  Source,
  SubscribeOptions,
  SubscriberHandle,
  Subscription,
  To,
} from './stage/subscribing.ts'
export { to } from './stage/to.ts'
export type { ChildSpec, Restart } from './supervisor/child-spec.ts'
export type { Shutdown } from './supervisor/shutdown.ts'
export { type SupervisorRef, supervisor } from './supervisor/supervise.ts'
export type { Strategy, SupervisorOptions } from './supervisor/supervisor-options.ts'
export {
  catalogue,
  type Entry,
  type Measurements,
  type Metadata,
  type StageIdentity,
  type TelemetryEvents,
  type TelemetryName,
} from './telemetry/catalogue.ts'
export type { TelemetryListener, TelemetryListeners } from './telemetry/telemetry.ts'
