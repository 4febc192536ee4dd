export {
  BadReturnError,
  CallingSelfError,
  ChildRunningError,
  DeadlockError,
  ExitError,
  GenStageError,
  NameTakenError,
  NoProcessError,
  StageEndedError,
  StageFailure,
  StartError,
  StartIgnoredError,
  SubscriptionRefusedError,
  ThrownValueError,
  TimeoutError,
} from './base/errors.ts'
export type { Key } from './base/key.ts'
export type { Logger, LogLevel } from './base/logger.ts'
export type { Duration } from './base/options/duration.ts'
export type { Rate } from './base/options/rate.ts'
export type { RetryPolicy } from './base/options/retry.ts'
export { broadcastDispatcher } from './dispatcher/broadcast-dispatcher.ts'
export { demandDispatcher } from './dispatcher/demand-dispatcher.ts'
export type {
  Delivery,
  DemandResult,
  Dispatcher,
  DispatcherInfo,
  DispatchResult,
  PartitionInfo,
  Refusal,
  Subscriber,
} from './dispatcher/dispatcher.ts'
export { partitionDispatcher } from './dispatcher/partition-dispatcher.ts'
export { partitionHash } from './dispatcher/partition-hash.ts'
export type { ExitReason } from './process/exit/exit-reason.ts'
export type { AbortSignalLike } from './process/host/abort-signal-like.ts'
export type {
  CallOptions,
  DrainOptions,
  DrainResult,
  ProcessRef,
  StopOptions,
  UndoneStage,
} from './process/process-ref.ts'
export type { Runtime, RuntimeOptions } from './process/runtime.ts'
export type { Runnable, Schedule } from './process/schedule/scheduler.ts'
export type { Clock } from './process/schedule/timers.ts'
export { attachTelemetry } from './process/start/attach-telemetry.ts'
export { createRuntime, createScope, type ScopeOptions } from './process/start/create.ts'
export type { Scope } from './process/start/scope.ts'
export { start, startLink } from './process/start/start.ts'
export type { Name, RefOf, Stage, StartOptions } from './process/start/start-types.ts'
export { type TaskContext, task } from './process/start/task.ts'
export { consumerSupervisor } from './stage/consumer-supervisor/consumer-supervisor.ts'
export type {
  ChildContext,
  ConsumerSupervisorOptions,
} from './stage/consumer-supervisor/consumer-supervisor-options.ts'
export { consumer, producer, producerConsumer } from './stage/definition/factories.ts'
export { type ConnectOptions, connect } from './stage/handles/connect.ts'
export { named } from './stage/handles/named.ts'
export { type FromIterableOptions, fromIterable } from './stage/iterable/from-iterable.ts'
export { type StreamOptions, stream } from './stage/iterable/stream.ts'
export { to } from './stage/subscription/to.ts'
export type {
  ConsumerCallbacks,
  ProducerCallbacks,
  ProducerConsumerCallbacks,
  Setup,
  SetupResult,
} from './stage/types/callbacks.ts'
export type {
  ConsumerContext,
  Down,
  Exit,
  Monitor,
  ProducerContext,
  StageContext,
  Timer,
} from './stage/types/context.ts'
export type {
  EachContext,
  EachOptions,
} from './stage/types/each.ts'
export type {
  AcceptsOptions,
  Callable,
  Castable,
  ChildrenCount,
  ConsumerRef,
  ConsumerSupervisorRef,
  DemandMode,
  HandlesOptions,
  ProducerConsumerRef,
  ProducerRef,
  StageRef,
} from './stage/types/references.ts'
export type {
  CallResult,
  CancelReason,
  ConsumeResult,
  EmitAndStop,
  EmitResult,
  OptionalEmitResult,
  Stop,
  SubscribeResult,
} from './stage/types/results.ts'
export type { Source, SourceWithOptions } from './stage/types/source.ts'
export type {
  CancelMode,
  ConfirmOptions,
  From,
  SubscribeOptions,
  SubscriberHandle,
  Subscription,
} from './stage/types/subscription.ts'
export type { ChildSpec, Restart } from './supervisor/child-spec.ts'
export type { Shutdown } from './supervisor/shutdown.ts'
export { type SupervisorRef, supervisor } from './supervisor/supervise.ts'
export type { Strategy, SupervisorOptions } from './supervisor/supervisor-options.ts'
export type { TelemetryListener, TelemetryListeners } from './telemetry/telemetry.ts'
export { type TelemetryEventDoc, telemetryEvents } from './telemetry/telemetry-event-docs.ts'
export type {
  Measurements,
  Metadata,
  StageIdentity,
  TelemetryEvents,
  TelemetryName,
} from './telemetry/telemetry-events.ts'
