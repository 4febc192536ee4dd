import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, integer, matching } from '../../base/option-type.ts'
import { defaultRuntime, expectRuntime, type Runtime } from '../../process/runtime.ts'
import { observer } from '../observer.ts'
import { snapshotOf, stageOf } from '../snapshot/take-snapshot.ts'
import { isLoopback } from './guard.ts'
import { serve } from './serve.ts'

/** The least characters of a token: it stands between the network and the state of a program. */
const SHORTEST_TOKEN = 16

/** Where the live page is served, and of what. */
export interface ObserveOptions {
  /** The port to listen on: an integer from 0 to 65,535; 0 takes any that is free. Default: 4040. */
  readonly port?: number
  /** The address to listen on. Any but loopback needs a `token`. Default: `'127.0.0.1'`. */
  readonly host?: string
  /** What who asks must know: at least 16 characters. Default: none. */
  readonly token?: string
  /** Whose stages to show. Default: the program's own runtime. */
  readonly runtime?: Runtime
  /** Milliseconds from one picture to the next: an integer of at least 50. Default: 1,000. */
  readonly interval?: number
}

/** A live page that is served. */
export interface Observation {
  /** Where it is: `http://127.0.0.1:4040/`. Without the token. */
  readonly url: string
  /** Ends the streams of all who look on, and the server; settles when that is done. Closing again does nothing. */
  close(): Promise<void>
}

interface ValidObserveOptions {
  readonly port: number
  readonly host: string
  readonly token: string | undefined
  readonly runtime: unknown
  readonly interval: number
}

/** Where the live page is served, and of what. */
export const observeOptions: OptionTable<ValidObserveOptions> = optionTable({
  port: {
    type: integer({ min: 0, max: 65_535 }),
    default: 4040,
    text: 'The port to listen on; 0 takes any that is free.',
  },
  host: {
    type: matching(
      'the name or address of this machine',
      (value): value is string => typeof value === 'string',
      (host) => host !== '',
    ),
    default: '127.0.0.1',
    text: 'The address to listen on. Any but loopback needs a `token`.',
  },
  token: {
    type: matching(
      `a string of at least ${SHORTEST_TOKEN} characters`,
      (value): value is string => typeof value === 'string',
      ({ length }) => length >= SHORTEST_TOKEN,
    ),
    text: 'What who asks must know, as `?token=…` behind the address or as `Authorization: Bearer …`.',
  },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime whose stages to show.' },
  interval: { type: integer({ min: 50 }), default: 1_000, unit: 'ms', text: 'From one picture to the next.' },
})

/**
 * Serves a page that shows a runtime as it runs: its stages, where events go and how many, who is slow, and why.
 *
 * It listens on loopback unless told otherwise, and refuses requests that come from other sites. It does not keep the
 * program alive, nor does who looks on. Stages are watched only while somebody does: otherwise it costs nothing.
 *
 * Rejects where it cannot listen; with a `TypeError` or `RangeError` if an option is unknown or wrong, or `token` is
 * missing where it is needed.
 */
export async function observe(options?: ObserveOptions): Promise<Observation> {
  const { port, host, token, runtime: given, interval } = observeOptions.read(options, 'the options of observe')
  const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
  if (token === undefined && !isLoopback(host)) {
    throw new TypeError(`expected token to be given where others than this machine can ask: host is '${host}'`)
  }
  const served = {
    open: () => observer({ runtime, interval }),
    snapshot: (states: boolean) => snapshotOf(runtime, states),
    stage: (id: string) => stageOf(runtime, id),
  }
  return serve(served, { port, host, token, interval })
}
