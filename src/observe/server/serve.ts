import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import nodeProcess from 'node:process'
import type { Snapshot, StageSnapshot } from '../snapshot/snapshot-types.ts'
import { snapshotJson } from './bounded-json.ts'
import { type AccessRules, refusal } from './guard.ts'
import { MOST_CLIENTS, type OpenObserver, PageClients } from './page-clients.ts'
import { readPage } from './read-page.ts'
import { RecentReplies } from './recent-replies.ts'

/** The longest message of an error in a response, in characters. */
const LONGEST_MESSAGE = 500

/** The source of what is served: a runtime, except in tests. */
interface PageSource {
  /** Opens an observer. */
  readonly open: () => OpenObserver
  /** Takes a snapshot. */
  snapshot(states: boolean): Snapshot
  /** A stage with its state; `undefined` if no process has this id. */
  stage(id: string): StageSnapshot | undefined
}

/** The options of {@link serve}. */
interface ServeOptions extends AccessRules {
  readonly port: number
  readonly interval: number
}

/** A server that is running. */
interface PageServer {
  readonly url: string
  close(): Promise<void>
}

/** What requests are handled with. */
interface PageState extends PageSource {
  readonly guarded: AccessRules
  readonly clients: PageClients
  /** Replies that run user code. */
  readonly replies: RecentReplies
}

/** Serves the live page and its data. Neither the server nor its connections keep the program alive. */
export async function serve(source: PageSource, options: ServeOptions): Promise<PageServer> {
  const { host, token, port, interval } = options
  const program = programName(nodeProcess.argv[1])
  const clients = new PageClients({ server: randomUUID(), program, interval }, source.open)
  const replies = new RecentReplies(() => performance.now())
  const state: PageState = { ...source, guarded: { host, token }, clients, replies }
  const server = createServer((request, response) => {
    respond(request, response, state).catch((error: unknown) => {
      sendText(
        response,
        500,
        error instanceof Error ? error.message.slice(0, LONGEST_MESSAGE) : 'a value was thrown that is no error',
      )
    })
  })
  server.on('connection', (socket) => socket.unref())
  await listen(server, port, host)
  server.unref()
  let closing: Promise<void> | undefined
  return {
    url: urlOf(server.address() as AddressInfo, host),
    close() {
      closing ??= new Promise((resolve) => {
        clients.close()
        server.close(() => resolve())
        // Responses that end now are sent first. All other connections are closed without waiting for them.
        setImmediate(() => server.closeAllConnections())
      })
      return closing
    },
  }
}

/** The name of the program: its file, or its folder if the file has a common name. */
function programName(path: string | undefined): string {
  if (path === undefined) return nodeProcess.title
  const isUsual = /^(main|index|server|app|start)\.[cm]?[jt]s$/.test(basename(path))
  return basename(isUsual ? dirname(path) : path)
}

async function respond(request: IncomingMessage, response: ServerResponse, state: PageState): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const url = URL.canParse(request.url ?? '', 'http://server') ? new URL(request.url ?? '', 'http://server') : undefined
  if (url === undefined) return sendText(response, 400, 'expected a URL')
  const refused = refusal(request, url, state.guarded)
  if (refused !== undefined) {
    if (refused.status === 405) response.setHeader('allow', 'GET, HEAD')
    if (refused.status === 401) response.setHeader('www-authenticate', 'Bearer')
    return sendText(response, refused.status, refused.message)
  }
  const { pathname, searchParams } = url
  if (pathname === '/') return sendPage(response)
  if (pathname === '/events') return sendEvents(request, response, state)
  if (pathname === '/snapshot') return sendJson(response, snapshotText(state, searchParams.get('states') === '1'))
  const id = /^\/stage\/([^/]+)$/.exec(pathname)?.[1]
  if (id === undefined) return sendText(response, 404, 'expected the path /, /events, /snapshot or /stage/ID')
  const stage = state.replies.of(pathname, () => {
    const found = state.stage(decoded(id))
    return found && JSON.stringify(found)
  })
  return stage === undefined ? sendText(response, 404, `no stage has the id ${decoded(id)}`) : sendJson(response, stage)
}

function snapshotText(state: PageState, states: boolean): string {
  const take = (): string => snapshotJson(state.snapshot(states))
  return states ? (state.replies.of('/snapshot', take) ?? '') : take()
}

/** Strict headers of all responses. The page extends the policy by what it needs. */
const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

async function sendPage(response: ServerResponse): Promise<void> {
  const nonce = randomBytes(16).toString('base64')
  const page = await readPage(nonce)
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  response.setHeader('content-security-policy', policy.join('; '))
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(page)
}

function sendEvents(request: IncomingMessage, response: ServerResponse, { clients }: PageState): void {
  if (clients.isFull) {
    sendText(response, 503, `expected at most ${MOST_CLIENTS} open pages: close one of the others`)
    return
  }
  response.setHeader('content-type', 'text/event-stream; charset=utf-8')
  if (request.method === 'HEAD') response.end()
  else clients.add(response)
}

function sendJson(response: ServerResponse, text: string): void {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(`${text}\n`)
}

function sendText(response: ServerResponse, status: number, sentence: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.statusCode = status
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`${sentence}\n`)
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is in use. Port 0 takes any free port' : error.message
      reject(new Error(`cannot listen on port ${port} of ${host}: ${why}`, { cause: error }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function urlOf({ address, family, port }: AddressInfo, host: string): string {
  // A wildcard address cannot be opened on all platforms.
  const isAny = address === '0.0.0.0' || address === '::'
  const name = isAny ? 'localhost' : family === 'IPv6' ? `[${address}]` : host
  return `http://${name}:${port}/`
}
