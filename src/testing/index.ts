export { type ConsumerProbe, consumerProbe } from './consumer-probe.ts'
export { type ContractCheck, type DispatcherContract, dispatcherContract } from './dispatcher/dispatcher-contract.ts'
export { ExpectationError } from './expectation.ts'
export { type Fault, type Injected, InjectedCrash, type InjectOptions, inject } from './inject.ts'
export type { ProbeOptions } from './probe.ts'
export {
  type ProbeSubscriber,
  type ProducerProbe,
  type ProducerProbeOptions,
  producerProbe,
} from './producer-probe.ts'
export type { SeededRandom } from './seeded-random.ts'
export { shuffled } from './shuffled.ts'
export { type TestRuntime, type TestRuntimeOptions, testRuntime } from './test-runtime.ts'
export {
  collector,
  counter,
  crashingCollector,
  hangingConsumer,
  hangingProducer,
  mapper,
  slowCollector,
} from './test-stages.ts'
