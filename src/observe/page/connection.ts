import type { Hello, PageUpdate } from '../view/page-update.ts'

/** The time until the next attempt, in milliseconds. */
const RETRY = 1_000

/** The callbacks of a connection. */
interface ConnectionListener {
  /** A connection was made: the first one, or a new one. */
  hello(hello: Hello): void
  update(update: PageUpdate): void
  /** The connection was lost or could not be made. The next attempt follows. */
  lost(): void
}

/** Adds the token of this page to a path on the server. */
export function pathOf(path: string): string {
  const token = new URLSearchParams(location.search).get('token')
  return token === null ? path : `${path}?token=${encodeURIComponent(token)}`
}

/** Connects to the server, again after each loss of the connection. */
export function connect(listener: ConnectionListener): void {
  const events = new EventSource(pathOf('/events'))
  events.addEventListener('hello', ({ data }) => listener.hello(JSON.parse(data) as Hello))
  events.addEventListener('update', ({ data }) => listener.update(JSON.parse(data) as PageUpdate))
  events.addEventListener('error', () => {
    // A browser does not reconnect after an HTTP error, which a server may send while it starts.
    events.close()
    listener.lost()
    setTimeout(() => connect(listener), RETRY)
  })
}
