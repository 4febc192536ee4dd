import type { Readable, Writable } from 'node:stream'

/** Destroys a stream with an error, if any, that somebody else reports: where nobody listens it brings no program down. */
export function destroyQuietly(stream: Readable | Writable, error: Error | undefined): void {
  if (stream.closed) return
  const bear = (): void => {}
  stream.on('error', bear)
  stream.once('close', () => stream.off('error', bear))
  stream.destroy(error)
}

/**
 * Destroys a stream with an error that comes after all that was pushed: once that has been read.
 *
 * `destroy` itself discards what has not been read. A stream whose reader has paused it stays as it is until the reader
 * resumes it: what was read last is still being handled.
 */
export function destroyOnceRead(readable: Readable, error: Error): void {
  const read = readable.read.bind(readable)
  const destroyIfRead = (): void => {
    if (readable.readableLength === 0 && !isPaused(readable)) readable.destroy(error)
  }
  // Every reader reads through this method: loops, pipes, and the flow of 'data' too. `_read` would come too early, before
  // the chunk that makes room is taken, and not again after that.
  readable.read = (size) => {
    const left = readable.readableLength
    // As at an end: who asks for more bytes than there are gets those.
    const chunk: unknown = read(size !== undefined && left > 0 && size > left ? left : size)
    if (chunk === null && size !== 0) readable.destroy(error)
    else destroyIfRead()
    return chunk
  }
  destroyIfRead()
  // A reader that has asked for more bytes than there are waits for this event, and no other push will cause it.
  if (!readable.destroyed) readable.emit('readable')
}

/** Whether the reader has paused the flow. A listener of 'readable' stops the flow too, and reads by itself. */
function isPaused(readable: Readable): boolean {
  return readable.isPaused() && readable.listenerCount('readable') === 0
}

/** The error of a stream that closes before its end, as Node's own functions make it. */
export function prematureClose(): Error {
  return Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
