import type { Readable, Writable } from 'node:stream'

/** Destroys a stream with an error, if any, that somebody else reports: where nobody listens it brings no program down. */
export function destroyQuietly(stream: Readable | Writable, error: Error | undefined): void {
  if (stream.closed) return
  const bear = (): void => {}
  stream.on('error', bear)
  stream.once('close', () => stream.off('error', bear))
  stream.destroy(error)
}

/** The error of a stream that closes before its end, as Node's own functions make it. */
export function prematureClose(): Error {
  return Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
