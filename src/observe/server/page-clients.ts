import type { ServerResponse } from 'node:http'
import type { Finding } from '../doctor/finding.ts'
import type { Snapshot } from '../snapshot/snapshot-types.ts'
import type { Hello, PageUpdate } from '../view/page-update.ts'
import { updateJson } from './bounded-json.ts'

/** The most clients at a time. */
export const MOST_CLIENTS = 32

/** The part of an observer that the server needs. */
export interface OpenObserver {
  readonly latest: Snapshot
  readonly findings: readonly Finding[]
  subscribe(listener: (snapshot: Snapshot, findings: readonly Finding[]) => void): () => void
  close(): void
}

/**
 * The clients of the live page, which receive server-sent events.
 *
 * The runtime is observed while there is at least one client. An update is serialized once for all of them. A client that
 * has not read its last update is skipped until it has; then it receives the newest one.
 */
export class PageClients {
  private readonly hello: Hello
  private readonly open: () => OpenObserver
  private readonly clients = new Set<ServerResponse>()
  /** Open while there are clients. */
  private observer: OpenObserver | undefined

  constructor(hello: Hello, open: () => OpenObserver) {
    this.hello = hello
    this.open = open
  }

  /** Whether no more clients are accepted. */
  get isFull(): boolean {
    return this.clients.size >= MOST_CLIENTS
  }

  /** Adds a client. Its headers have been set. */
  add(response: ServerResponse): void {
    if (this.observer === undefined) {
      this.observer = this.open()
      this.observer.subscribe((snapshot, findings) => this.send({ snapshot, findings }))
    }
    const { latest, findings } = this.observer
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
    this.observer?.close()
    this.observer = undefined
  }

  private send(update: PageUpdate): void {
    const ready = [...this.clients].filter(({ writableNeedDrain }) => !writableNeedDrain)
    if (ready.length === 0) return
    const text = event('update', updateJson(update))
    for (const response of ready) response.write(text)
  }
}

function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`
}
