import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, integer, matching } from '../../base/options/option-type.ts'
import { defaultRuntime, expectRuntime, type Runtime } from '../../process/runtime.ts'
import { observer } from '../observer.ts'
import { snapshotOf, stageOf } from '../snapshot/take-snapshot.ts'
import { isLoopback } from './guard.ts'
import { serve } from './serve.ts'

/** The shortest token, in characters: it protects the state of a program from the network. */
const SHORTEST_TOKEN = 16

/** The options of {@link observe}. */
export interface ObserveOptions {
  /** The port to listen on: an integer from 0 to 65,535; 0 takes any free port. Default: 4040. */
  readonly port?: number
  /** The address to listen on. Any address but loopback requires a `token`. Default: `'127.0.0.1'`. */
  readonly host?: string
  /** The token that clients must send: at least 16 characters. Default: none. */
  readonly token?: string
  /** The runtime to show. Default: the program's own. */
  readonly runtime?: Runtime
  /** The time from one update to the next, in milliseconds: an integer of at least 50. Default: 1,000. */
  readonly interval?: number
}

/** A running server of the live page. */
export interface Observation {
  /** The URL of the page, without the token: `http://127.0.0.1:4040/`. */
  readonly url: string
  /** Ends all streams and closes the server; resolves when that is done. A second call does nothing. */
  close(): Promise<void>
}

interface ValidObserveOptions {
  readonly port: number
  readonly host: string
  readonly token: string | undefined
  readonly runtime: unknown
  readonly interval: number
}

/** The options of {@link observe}. */
export const observeOptions: OptionTable<ValidObserveOptions> = optionTable({
  port: {
    type: integer({ min: 0, max: 65_535 }),
    default: 4040,
    text: 'The port to listen on; 0 takes any free port.',
  },
  host: {
    type: matching(
      'the name or address of this machine',
      (value): value is string => typeof value === 'string',
      (host) => host !== '',
    ),
    default: '127.0.0.1',
    text: 'The address to listen on. Any address but loopback requires a `token`.',
  },
  token: {
    type: matching(
      `a string of at least ${SHORTEST_TOKEN} characters`,
      (value): value is string => typeof value === 'string',
      ({ length }) => length >= SHORTEST_TOKEN,
    ),
    text: 'The token that clients must send, as `?token=…` in the URL or as the header `Authorization: Bearer …`.',
  },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to show.' },
  interval: { type: integer({ min: 50 }), default: 1_000, unit: 'ms', text: 'The time from one update to the next.' },
})

/**
 * Serves the live page: a web page that shows the stages of a runtime, the flow of events, and what is wrong.
 *
 * By default the server listens on loopback. It refuses requests from other sites. Neither the server nor its clients
 * keep the program alive. The runtime is observed only while a page is open, so a server without clients costs nothing.
 *
 * Rejects if it cannot listen. Rejects with a `TypeError` or `RangeError` if an option is unknown or wrong, or if a
 * required `token` is missing.
 */
export async function observe(options?: ObserveOptions): Promise<Observation> {
  const { port, host, token, runtime: given, interval } = observeOptions.read(options, 'the options of observe')
  const runtime = given === undefined ? defaultRuntime : expectRuntime(given)
  if (token === undefined && !isLoopback(host)) {
    throw new TypeError(`expected a token, because other machines can reach the host '${host}'`)
  }
  const source = {
    open: () => observer({ runtime, interval }),
    snapshot: (states: boolean) => snapshotOf(runtime, states),
    stage: (id: string) => stageOf(runtime, id),
  }
  return serve(source, { port, host, token, interval })
}
