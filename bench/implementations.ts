import type { Workload } from './workloads.ts'

/** Something that is measured: where its runs are, and what is to be known of it to read its figures. */
export interface Implementation {
  readonly name: string
  /** The file in `peers/`, without its ending. */
  readonly file: string
  /** The name of the export that holds its runs. */
  readonly runs: string
  /** The package whose version is reported; Node's own where there is none. */
  readonly package?: string
  readonly workloads: readonly Workload[]
  /** Whether a slow consumer slows its source down. What has none is not what genstage is held against. */
  readonly holdsBack: boolean
}

const all: readonly Workload[] = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6']

/** The work with nothing between it. */
export const limit: Implementation = { name: 'limit', file: 'limit', runs: 'runs', workloads: all, holdsBack: true }

/** The limit with one thing more that no library can do without: how much of the distance to it could be saved. */
export const bounds: readonly Implementation[] = [
  {
    name: 'limit, batches handed over',
    file: 'bounds',
    runs: 'handedOver',
    workloads: ['W1', 'W3', 'W4', 'W5'],
    holdsBack: true,
  },
  { name: 'bare actors', file: 'bounds', runs: 'actors', workloads: ['W2', 'W6'], holdsBack: true },
]

/** What all of this is about. */
export const own: readonly Implementation[] = [
  { name: 'genstage', file: 'genstage', runs: 'runs', workloads: all, holdsBack: true },
  { name: 'genstage, handleEvent', file: 'genstage', runs: 'each', workloads: ['W6'], holdsBack: true },
  { name: 'genstage, supervised', file: 'genstage', runs: 'supervised', workloads: ['W6'], holdsBack: true },
]

/** The same, while somebody looks on: held against the one on whom nobody looks. */
export const watched: readonly Implementation[] = [
  { name: 'genstage, listened to', file: 'genstage-listened', runs: 'runs', workloads: all, holdsBack: true },
  { name: 'genstage, observed', file: 'genstage-observed', runs: 'runs', workloads: all, holdsBack: true },
]

/** GenStage itself, in a language of its own: not what is picked instead of this, but what this follows. */
export const beam: Implementation = {
  name: 'GenStage on BEAM',
  file: 'beam.exs',
  runs: 'run',
  workloads: ['W1', 'W2', 'W3', 'W4', 'W5'],
  holdsBack: true,
}

/** What a user would pick instead. */
export const peers: readonly Implementation[] = [
  { name: 'node:stream', file: 'node-stream', runs: 'runs', workloads: all, holdsBack: true },
  { name: 'node:stream, arrays', file: 'node-stream', runs: 'batched', workloads: ['W1', 'W4'], holdsBack: true },
  { name: 'async generators', file: 'async-generators', runs: 'runs', workloads: all, holdsBack: true },
  {
    name: 'async generators, arrays',
    file: 'async-generators',
    runs: 'batched',
    workloads: ['W1', 'W3', 'W4', 'W5'],
    holdsBack: true,
  },
  {
    name: 'Web Streams',
    file: 'web-streams',
    runs: 'runs',
    workloads: ['W1', 'W2', 'W3', 'W5', 'W6'],
    holdsBack: true,
  },
  // Its branches wait for nobody: what the slow ones have not read yet is kept, without bound.
  { name: 'Web Streams, tee()', file: 'web-streams', runs: 'runs', workloads: ['W4'], holdsBack: false },
  { name: 'Effect', file: 'effect', runs: 'runs', package: 'effect', workloads: all, holdsBack: true },
  {
    name: 'Effect, by hand',
    file: 'effect',
    runs: 'byHand',
    package: 'effect',
    workloads: ['W5', 'W6'],
    holdsBack: true,
  },
  {
    name: 'RxJS',
    file: 'rxjs',
    runs: 'runs',
    package: 'rxjs',
    workloads: ['W1', 'W4', 'W5', 'W6'],
    holdsBack: false,
  },
  { name: 'async, eachLimit', file: 'async', runs: 'runs', package: 'async', workloads: ['W6'], holdsBack: true },
  {
    name: 'async, eachLimit async',
    file: 'async',
    runs: 'asyncIteratee',
    package: 'async',
    workloads: ['W6'],
    holdsBack: true,
  },
  { name: 'async, queue', file: 'async', runs: 'queued', package: 'async', workloads: ['W6'], holdsBack: true },
  { name: 'p-map', file: 'p-map', runs: 'runs', package: 'p-map', workloads: ['W6'], holdsBack: true },
  { name: 'fastq', file: 'fastq', runs: 'runs', package: 'fastq', workloads: ['W6'], holdsBack: true },
]
