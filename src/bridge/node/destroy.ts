import type { Readable, Writable } from 'node:stream'

/** Destroys a stream with an error, if any, that is reported elsewhere: without a listener it is not an uncaught error. */
export function destroyQuietly(stream: Readable | Writable, error: Error | undefined): void {
  if (stream.closed) return
  const ignore = (): void => {}
  stream.on('error', ignore)
  stream.once('close', () => stream.off('error', ignore))
  stream.destroy(error)
}

/**
 * Destroys a stream with an error once everything that was pushed has been read.
 *
 * `destroy` itself discards what has not been read. A stream that its reader has paused stays open until the reader
 * resumes it, because the last chunk is still being handled.
 */
export function destroyOnceRead(readable: Readable, error: Error): void {
  const read = readable.read.bind(readable)
  const destroyIfRead = (): void => {
    if (readable.readableLength === 0 && !isPaused(readable)) readable.destroy(error)
  }
  // Every reader calls this method: loops, pipes, and also the flow of 'data'. `_read` is called too early, before the
  // chunk that makes room is taken, and not again after that.
  readable.read = (size) => {
    const left = readable.readableLength
    // As at the end of a stream: a reader that asks for more bytes than there are gets those.
    const chunk: unknown = read(size !== undefined && left > 0 && size > left ? left : size)
    if (chunk === null && size !== 0) readable.destroy(error)
    else destroyIfRead()
    return chunk
  }
  destroyIfRead()
  // A reader that has asked for more bytes than there are waits for this event, and no later push will emit it.
  if (!readable.destroyed) readable.emit('readable')
}

/** Whether the reader has paused the flow. A listener for 'readable' stops the flow as well, but reads by itself. */
function isPaused(readable: Readable): boolean {
  return readable.isPaused() && readable.listenerCount('readable') === 0
}

/** Makes the error of a stream that closes before its end, as Node's functions make it. */
export function prematureClose(): Error {
  return Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
