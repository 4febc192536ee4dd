import type { PageUpdate } from '../view/page-update.ts'
import { EventReader } from './event-reader.ts'
import { expectSnapshot, MalformedError, parseUpdate } from './parse-update.ts'

/** A request failed, or its response is invalid. The message states why, and what to do. */
export class ObserveError extends Error {
  /** Whether another attempt would fail as well. */
  readonly isFinal: boolean

  constructor(
    message: string,
    { isFinal = false, cause }: { readonly isFinal?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.isFinal = isFinal
  }
}

/** The address of a program, with what a request needs. */
export interface Address {
  readonly url: URL
  readonly token: string | undefined
  /** How long to wait for a response, or for the first update, in milliseconds. */
  readonly patience: number
}

/** The longest response that is read, in bytes. No server of this library sends more. */
const LONGEST_RESPONSE = 40 << 20
/** How much of a refusal's message is read, in bytes. */
const LONGEST_MESSAGE = 300

/**
 * Reads one snapshot, as the JSON that the server sends.
 *
 * Rejects with an `ObserveError` if the request fails or the response is invalid.
 */
export async function readSnapshot(address: Address, signal: AbortSignal): Promise<string> {
  const limit = new Limit(address, signal)
  try {
    const response = await ask(address, '/snapshot', 'application/json', limit.signal)
    const json = await textOf(response, LONGEST_RESPONSE)
    if (json === undefined) throw new MalformedError(`expected a snapshot of at most ${LONGEST_RESPONSE} bytes`)
    expectSnapshot(json)
    return json.trim()
  } catch (error) {
    throw limit.explain(error)
  } finally {
    limit.lift()
  }
}

/**
 * Reads the updates of a server until it ends the stream or `signal` is aborted.
 *
 * Throws an `ObserveError` if the server cannot be reached, refuses, breaks the connection, or sends invalid data.
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
        // The limit applies to the first update only: the server decides how often it sends more.
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

/** Limits how long to wait for a server. */
class Limit {
  /** Aborted when the limit is reached, or by the caller. */
  readonly signal: AbortSignal
  private readonly address: Address
  private readonly reached = new AbortController()
  private readonly timer: ReturnType<typeof setTimeout>

  constructor(address: Address, signal: AbortSignal) {
    this.address = address
    this.signal = AbortSignal.any([signal, this.reached.signal])
    this.timer = setTimeout(() => this.reached.abort(), address.patience)
  }

  /** Removes the limit. */
  lift(): void {
    clearTimeout(this.timer)
  }

  /** Converts what was thrown to an error for the user. */
  explain(error: unknown): ObserveError {
    if (error instanceof ObserveError) return error
    const { url, patience } = this.address
    if (error instanceof MalformedError) {
      const message = `${url.origin} sent data that is not from a live page of this version of genstage: ${error.message}`
      return new ObserveError(message, { isFinal: true, cause: error })
    }
    const why = this.reached.signal.aborted ? `it sent no complete response within ${patience} ms` : reasonOf(error)
    const message = `cannot reach ${url.origin} (${why}): is the program running, and does it call observe()?`
    return new ObserveError(message, { cause: error })
  }
}

async function ask({ url, token }: Address, path: string, type: string, signal: AbortSignal): Promise<Response> {
  const headers = { accept: type, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const response = await fetch(new URL(path, url), { headers, signal, redirect: 'manual' })
  const given = response.headers.get('content-type')
  if (response.ok && given?.startsWith(type) === true) return response
  if ([401, 403, 405, 503].includes(response.status)) {
    const message = given?.startsWith('text/plain') === true ? await beginningOf(response) : undefined
    throw new ObserveError(`${url.origin} refused the request (${response.status}): ${message ?? 'it gave no reason'}`)
  }
  await response.body?.cancel()
  throw new ObserveError(
    `${url.origin} is not a live page of genstage (${response.status} for ${path}): is the port right?`,
  )
}

/** The first line of a body, or its beginning if it is long. */
async function beginningOf(response: Response): Promise<string | undefined> {
  const { text } = await readUpTo(response, LONGEST_MESSAGE)
  return text.trim().split('\n')[0]
}

/** The text of a body; `undefined` if it is longer than `most` bytes. */
async function textOf(response: Response, most: number): Promise<string | undefined> {
  const { text, isComplete } = await readUpTo(response, most)
  return isComplete ? text : undefined
}

/** Reads at most as many bytes, after decompression. */
async function readUpTo(
  { body }: Response,
  most: number,
): Promise<{ readonly text: string; readonly isComplete: boolean }> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const bytes of body ?? []) {
    parts.push(bytes.subarray(0, most - length))
    length += bytes.length
    if (length > most) break
  }
  return { text: new TextDecoder().decode(Buffer.concat(parts)), isComplete: length <= most }
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
  return String(cause)
}
