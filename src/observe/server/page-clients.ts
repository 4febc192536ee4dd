import type { ServerResponse } from 'node:http'
import type { Finding } from '../doctor/finding.ts'
import type { Snapshot } from '../snapshot/snapshot-types.ts'
import type { Hello, PageUpdate } from '../view/page-update.ts'
import { updateJson } from './bounded-json.ts'

/** Who may look on at once. */
export const MOST_CLIENTS = 32

/** Looks at a runtime until it is closed: what the server needs of an observer. */
export interface OpenObserver {
  readonly latest: Snapshot
  readonly findings: readonly Finding[]
  subscribe(listener: (snapshot: Snapshot, findings: readonly Finding[]) => void): () => void
  close(): void
}

/**
 * Those who look on by server-sent events.
 *
 * The runtime is observed while there is at least one. An update is written out once for all of them. Who has not taken
 * the one before gets none until he has: the next one he gets is as new as anybody's.
 */
export class PageClients {
  private readonly hello: Hello
  private readonly open: () => OpenObserver
  private readonly clients = new Set<ServerResponse>()
  /** There while there are clients. */
  private looking: OpenObserver | undefined

  constructor(hello: Hello, open: () => OpenObserver) {
    this.hello = hello
    this.open = open
  }

  /** Whether there is room for one more. */
  get isFull(): boolean {
    return this.clients.size >= MOST_CLIENTS
  }

  /** Takes in a client, whose headers have been set. */
  add(response: ServerResponse): void {
    if (this.looking === undefined) {
      this.looking = this.open()
      this.looking.subscribe((snapshot, findings) => this.tell({ snapshot, findings }))
    }
    const { latest, findings } = this.looking
    this.clients.add(response)
    response.on('close', () => this.remove(response))
    response.on('error', () => this.remove(response))
    response.write(
      event('hello', JSON.stringify(this.hello)) + event('update', updateJson({ snapshot: latest, findings })),
    )
  }

  /** Ends all streams. */
  close(): void {
    for (const response of Array.from(this.clients)) {
      this.remove(response)
      response.end()
    }
  }

  private remove(response: ServerResponse): void {
    if (!this.clients.delete(response) || this.clients.size > 0) return
    this.looking?.close()
    this.looking = undefined
  }

  private tell(update: PageUpdate): void {
    const ready = [...this.clients].filter(({ writableNeedDrain }) => !writableNeedDrain)
    if (ready.length === 0) return
    const text = event('update', updateJson(update))
    for (const response of ready) response.write(text)
  }
}

function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`
}
