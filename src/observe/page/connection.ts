import type { Hello, PageUpdate } from '../view/page-update.ts'

/** How long until the next attempt, in milliseconds. */
const RETRY = 1_000

/** Who is told of what comes. */
interface ConnectionListener {
  /** A server speaks: the first time, or again. */
  hello(hello: Hello): void
  update(update: PageUpdate): void
  /** The connection was lost, or could not be made; it is tried again. */
  lost(): void
}

/** The path of something on the server, with the token by which this page was opened. */
export function pathOf(path: string): string {
  const token = new URLSearchParams(location.search).get('token')
  return token === null ? path : `${path}?token=${encodeURIComponent(token)}`
}

/** Follows the server, and comes back to it whenever it is there again. */
export function connect(listener: ConnectionListener): void {
  const events = new EventSource(pathOf('/events'))
  events.addEventListener('hello', ({ data }) => listener.hello(JSON.parse(data) as Hello))
  events.addEventListener('update', ({ data }) => listener.update(JSON.parse(data) as PageUpdate))
  events.addEventListener('error', () => {
    // A browser of its own accord gives up where the server answers with an error, as it may while it starts.
    events.close()
    listener.lost()
    setTimeout(() => connect(listener), RETRY)
  })
}
