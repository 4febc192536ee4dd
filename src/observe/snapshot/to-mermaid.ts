import type { Snapshot } from './snapshot-types.ts'
export declare function toMermaid(snapshot: Snapshot): string
