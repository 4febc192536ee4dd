/**
 * What a room may import besides itself: `'above'` for all rooms before it in the table of its layer, or their names.
 * A room is a folder; `.` are the files in the layer's folder itself, and a path that ends in `.ts` is one file that
 * is a room of its own.
 */
export type Rooms = Readonly<Record<string, 'above' | readonly string[]>>

/** Layers that stand beside each other: each may import all rows before its own, and none of the others in it. */
export interface Row {
  readonly layers: readonly string[]
  /** Whether it runs in any JavaScript runtime, without packages and without modules of a platform. */
  readonly isCore: boolean
}

/**
 * The layers of `src/`, from the ground up. A layer is a folder of `src/`, or, where its name ends in `/*`, each
 * folder inside of it. A layer that is planned needs no files yet.
 */
export const rows: readonly Row[] = [
  { layers: ['base'], isCore: true },
  { layers: ['dispatcher'], isCore: true },
  { layers: ['telemetry'], isCore: true },
  { layers: ['process'], isCore: true },
  { layers: ['supervisor'], isCore: true },
  { layers: ['stage'], isCore: true },
  { layers: ['pipeline', 'reach'], isCore: true },
  {
    layers: [
      'bridge',
      'diagnostics',
      'observe',
      'opentelemetry',
      'program',
      'testing',
      'flow',
      'threads',
      'remote',
      'elixir',
      'connectors/*',
    ],
    isCore: false,
  },
  { layers: ['cli'], isCore: false },
]

/** The rooms of each layer that has any; the others are one folder. Types are imports, too. */
export const roomsOf: Readonly<Record<string, Rooms>> = {
  base: { '.': [], collections: ['.'], options: ['.', 'collections'] },
  process: {
    host: [],
    exit: [],
    schedule: ['host'],
    mailbox: [],
    '.': ['host', 'exit', 'schedule', 'mailbox'],
    unfinished: ['host', 'exit', '.'],
    start: 'above',
  },
  stage: {
    types: 'above',
    'protocol.ts': 'above',
    callback: 'above',
    subscription: 'above',
    producing: 'above',
    // The halves of a stage do not know each other.
    consuming: ['types', 'protocol.ts', 'callback', 'subscription'],
    each: 'above',
    kinds: 'above',
    handles: 'above',
    definition: 'above',
    iterable: 'above',
    'consumer-supervisor': 'above',
  },
  pipeline: { state: 'above', stages: 'above', '.': 'above' },
  observe: {
    snapshot: [],
    doctor: ['snapshot'],
    '.': ['snapshot', 'doctor'],
    view: ['snapshot', 'doctor'],
    server: ['snapshot', 'doctor', '.', 'view'],
    page: ['snapshot', 'doctor', 'view'],
    cli: ['snapshot', 'doctor', 'view'],
  },
  bridge: {
    '.': [],
    source: ['.'],
    stream: ['.', 'source'],
    text: ['.', 'source', 'stream'],
    node: ['.', 'source', 'stream', 'text'],
    web: ['.', 'source', 'stream', 'text'],
  },
  testing: { '.': [], dispatcher: ['.'] },
}

/** Circles that are allowed to go through types, and why. Values never make a circle. */
export const circlesOfTypes: readonly (readonly string[])[] = [
  // One thing in three files: each process has a reference and a runtime, and both of them know processes.
  ['src/process/process-record.ts', 'src/process/reference.ts', 'src/process/runtime.ts'],
]
