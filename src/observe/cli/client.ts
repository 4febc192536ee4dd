import type { Frame } from '../view/frame.ts'

/** The program could not be asked; the message says why, and what to do. */
export class ObserveError extends Error {}

/** Where a program is asked, and by what right. */
export interface Address {
  readonly url: URL
  readonly token: string | undefined
}

/** The most characters of one event: far beyond what ten thousand stages come to. */
const LONGEST_EVENT = 64 << 20

/**
 * One snapshot, as the JSON that the server sent.
 *
 * Rejects with an `ObserveError` where that cannot be had.
 */
export async function readSnapshot(address: Address, signal: AbortSignal): Promise<string> {
  const response = await ask(address, '/snapshot', 'application/json', signal)
  return response.text()
}

/**
 * The frames that a server streams, until it ends the stream.
 *
 * Throws an `ObserveError` where it cannot be reached, refuses, or breaks off.
 */
export async function* readFrames(address: Address, signal: AbortSignal): AsyncGenerator<Frame, void> {
  const { body } = await ask(address, '/events', 'text/event-stream', signal)
  if (body === null) return
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      if (text.length > LONGEST_EVENT) throw new ObserveError(`${address.url.origin} sends an event without an end`)
      for (const event of events) {
        const frame = frameOf(event)
        if (frame !== undefined) yield frame
      }
    }
  } catch (error) {
    if (signal.aborted) return
    throw error instanceof ObserveError ? error : unreachable(address, error)
  }
}

function frameOf(event: string): Frame | undefined {
  const lines = event.split('\n')
  if (!lines.includes('event: frame')) return undefined
  const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
  return JSON.parse(data.join('\n')) as Frame
}

async function ask(address: Address, path: string, type: string, signal: AbortSignal): Promise<Response> {
  const { url, token } = address
  const headers = { accept: type, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const response = await fetch(new URL(path, url), { headers, signal, redirect: 'manual' }).catch((error: unknown) => {
    throw unreachable(address, error)
  })
  const isOurs = response.headers.get('content-type')?.startsWith(type) === true
  if (response.ok && isOurs) return response
  const isSentence = response.headers.get('content-type')?.startsWith('text/plain') === true
  const sentence = isSentence ? (await response.text()).trim().split('\n')[0]?.slice(0, 300) : undefined
  if ([401, 403, 405, 503].includes(response.status)) {
    throw new ObserveError(`${url.origin} refuses (${response.status}): ${sentence ?? 'it does not say why'}`)
  }
  throw new ObserveError(
    `what answers at ${url.origin} is no live page of genstage (${response.status} for ${path}): is the port right?`,
  )
}

function unreachable({ url }: Address, error: unknown): ObserveError {
  const why = reasonOf(error)
  const message = `cannot reach ${url.origin} (${why}): does the program run, and does it call observe()?`
  return new ObserveError(message, { cause: error })
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
  return String(cause)
}
