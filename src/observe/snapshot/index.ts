export { diagnose } from './diagnose.ts'
export type { Thresholds } from './diagnose-options.ts'
export type { Finding, FindingKind, Severity } from './finding.ts'
export { type Health, type HealthOptions, healthy } from './healthy.ts'
export { type Observer, type ObserverOptions, observer } from './observer.ts'
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
