import type { PageUpdate } from '../view/page-update.ts'
import { EventReader } from './event-reader.ts'
import { expectSnapshot, MalformedError, parseUpdate } from './parse-update.ts'

/** The program could not be asked, or what it sends makes no sense; the message says why, and what to do. */
export class ObserveError extends Error {
  /** Whether to ask again makes no sense either. */
  readonly isFinal: boolean

  constructor(
    message: string,
    { isFinal = false, cause }: { readonly isFinal?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.isFinal = isFinal
  }
}

/** Where a program is asked, and by what right. */
export interface Address {
  readonly url: URL
  readonly token: string | undefined
  /** How long a reply, or the first update, is waited for, in milliseconds. */
  readonly patience: number
}

/** The longest reply that is read, in bytes: more than any server of this library sends. */
const LONGEST_REPLY = 40 << 20
/** How much is read of what a server says of itself when it refuses, in bytes. */
const LONGEST_SENTENCE = 300

/**
 * One snapshot, as the JSON that the server sent.
 *
 * Rejects with an `ObserveError` where that cannot be had.
 */
export async function readSnapshot(address: Address, signal: AbortSignal): Promise<string> {
  const limit = new Limit(address, signal)
  try {
    const response = await ask(address, '/snapshot', 'application/json', limit.signal)
    const json = await textOf(response, LONGEST_REPLY)
    if (json === undefined) throw new MalformedError(`expected a snapshot of at most ${LONGEST_REPLY} bytes`)
    expectSnapshot(json)
    return json.trim()
  } catch (error) {
    throw limit.explain(error)
  } finally {
    limit.lift()
  }
}

/**
 * The updates that a server streams, until it ends the stream or `signal` is aborted.
 *
 * Throws an `ObserveError` where it cannot be reached, refuses, breaks off, or sends what is no update.
 */
export async function* readUpdates(address: Address, signal: AbortSignal): AsyncGenerator<PageUpdate, void> {
  const limit = new Limit(address, signal)
  try {
    const { body } = await ask(address, '/events', 'text/event-stream', limit.signal)
    if (body === null) return
    const decoder = new TextDecoder()
    const reader = new EventReader()
    for await (const bytes of body) {
      for (const event of reader.take(decoder.decode(bytes, { stream: true }))) {
        const update = updateOf(event)
        if (update === undefined) continue
        // From now on it is the server's affair how often it has something to show.
        limit.lift()
        yield update
      }
      if (reader.isTooLong) throw new MalformedError('expected an event to end')
    }
  } catch (error) {
    if (signal.aborted) return
    throw limit.explain(error)
  } finally {
    limit.lift()
  }
}

function updateOf(event: string): PageUpdate | undefined {
  const lines = event.split('\n')
  if (!lines.includes('event: update')) return undefined
  const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
  return parseUpdate(data.join('\n'))
}

/** A limit to how long a server is waited for. */
class Limit {
  /** Aborted when it is reached, or when the caller gives up. */
  readonly signal: AbortSignal
  private readonly address: Address
  private readonly reached = new AbortController()
  private readonly timer: ReturnType<typeof setTimeout>

  constructor(address: Address, signal: AbortSignal) {
    this.address = address
    this.signal = AbortSignal.any([signal, this.reached.signal])
    this.timer = setTimeout(() => this.reached.abort(), address.patience)
  }

  /** It holds no more. */
  lift(): void {
    clearTimeout(this.timer)
  }

  /** What has gone wrong, as a sentence. */
  explain(error: unknown): ObserveError {
    if (error instanceof ObserveError) return error
    const { url, patience } = this.address
    if (error instanceof MalformedError) {
      const message = `${url.origin} sends what is nothing of genstage's, or of another version's: ${error.message}`
      return new ObserveError(message, { isFinal: true, cause: error })
    }
    const why = this.reached.signal.aborted ? `it has sent nothing whole within ${patience} ms` : reasonOf(error)
    const message = `cannot reach ${url.origin} (${why}): does the program run, and does it call observe()?`
    return new ObserveError(message, { cause: error })
  }
}

async function ask({ url, token }: Address, path: string, type: string, signal: AbortSignal): Promise<Response> {
  const headers = { accept: type, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const response = await fetch(new URL(path, url), { headers, signal, redirect: 'manual' })
  const given = response.headers.get('content-type')
  if (response.ok && given?.startsWith(type) === true) return response
  if ([401, 403, 405, 503].includes(response.status)) {
    const sentence = given?.startsWith('text/plain') === true ? await beginningOf(response) : undefined
    throw new ObserveError(`${url.origin} refuses (${response.status}): ${sentence ?? 'it does not say why'}`)
  }
  await response.body?.cancel()
  throw new ObserveError(
    `what answers at ${url.origin} is no live page of genstage (${response.status} for ${path}): is the port right?`,
  )
}

/** The first line, or what there is of it. */
async function beginningOf(response: Response): Promise<string | undefined> {
  const { text } = await readUpTo(response, LONGEST_SENTENCE)
  return text.trim().split('\n')[0]
}

/** A body that is no longer than it may be; `undefined` where it is. */
async function textOf(response: Response, most: number): Promise<string | undefined> {
  const { text, isWhole } = await readUpTo(response, most)
  return isWhole ? text : undefined
}

/** As many bytes as that, decompressed if they were not. */
async function readUpTo(
  { body }: Response,
  most: number,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const bytes of body ?? []) {
    parts.push(bytes.subarray(0, most - length))
    length += bytes.length
    if (length > most) break
  }
  return { text: new TextDecoder().decode(Buffer.concat(parts)), isWhole: length <= most }
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
  return String(cause)
}
