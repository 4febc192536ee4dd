import { type IncomingHttpHeaders, request } from 'node:http'
import type { Hello, PageUpdate } from '../../../src/observe/view/page-update.ts'

/** The response of a server. */
export interface ReceivedResponse {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends a request with any headers: `fetch` does not permit to choose Host and Origin. */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method: string = 'GET',
): Promise<ReceivedResponse> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
    })
      .on('error', reject)
      .end()
  })
}

/** A stream of events that one can wait on. */
export interface Stream {
  /** All that has come so far. */
  readonly updates: PageUpdate[]
  readonly hellos: Hello[]
  /** Settles once so many updates have come. */
  reached(count: number): Promise<void>
  /** Settles when the server has ended the stream. */
  readonly ended: Promise<void>
  close(): void
}

/** Looks on. */
export function lookOn(url: string): Stream {
  const updates: PageUpdate[] = []
  const hellos: Hello[] = []
  let wake = (): void => {}
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const asked = request(`${url}events`, { agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => {
      text += part
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data: unknown = JSON.parse(event.slice(event.indexOf('data: ') + 6))
        if (event.startsWith('event: hello\n')) hellos.push(data as Hello)
        else updates.push(data as PageUpdate)
      }
      wake()
    })
    response.on('close', end)
  })
  asked.on('error', end)
  asked.end()
  return {
    updates,
    hellos,
    ended,
    async reached(count) {
      while (updates.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    close: () => asked.destroy(),
  }
}
