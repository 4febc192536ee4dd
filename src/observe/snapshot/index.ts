export { diagnose } from '../doctor/diagnose.ts'
export type { Thresholds } from '../doctor/diagnose-options.ts'
export type { Finding, FindingKind, Severity } from '../doctor/finding.ts'
export { type Health, type HealthOptions, healthy } from '../doctor/healthy.ts'
export { type Observer, type ObserverOptions, observer } from '../observer.ts'
export type {
  JsonValue,
  Snapshot,
  StageSnapshot,
  StageState,
  SubscriptionSnapshot,
  TreeNode,
} from './snapshot-types.ts'
export { type SnapshotOptions, snapshot } from './take-snapshot.ts'
export { type MermaidOptions, toMermaid } from './to-mermaid.ts'
