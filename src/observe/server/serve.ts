import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import nodeProcess from 'node:process'
import type { Snapshot, StageSnapshot } from '../snapshot/snapshot-types.ts'
import { snapshotJson } from './bounded-json.ts'
import { type Guarded, refusal } from './guard.ts'
import { type OpenObserver, PageClients } from './page-clients.ts'
import { readPage } from './read-page.ts'
import { RecentReplies } from './recent-replies.ts'

/** How much is said of an error, in characters. */
const LONGEST_SENTENCE = 500

/** What is served: a runtime, as a rule. */
interface PageSource {
  /** Begins to look at intervals. */
  readonly open: () => OpenObserver
  /** Looks once. */
  snapshot(states: boolean): Snapshot
  /** A stage with its state; `undefined` where none of that id runs. */
  stage(id: string): StageSnapshot | undefined
}

/** Where it is served, and to whom. */
interface ServeOptions extends Guarded {
  readonly port: number
  readonly interval: number
}

/** A server that is there. */
interface PageServer {
  readonly url: string
  close(): Promise<void>
}

interface PageState extends PageSource {
  readonly guarded: Guarded
  readonly audience: PageClients
  /** Those that run the code of users. */
  readonly replies: RecentReplies
}

/** Serves what there is to see of a runtime. Neither the server nor a connection to it keeps the program alive. */
export async function serve(served: PageSource, options: ServeOptions): Promise<PageServer> {
  const { host, token, port, interval } = options
  const program = programName(nodeProcess.argv[1])
  const audience = new PageClients({ server: randomUUID(), program, interval }, served.open)
  const replies = new RecentReplies(() => performance.now())
  const site: PageState = { ...served, guarded: { host, token }, audience, replies }
  const server = createServer((request, response) => {
    answer(request, response, site).catch((error: unknown) => {
      say(response, 500, error instanceof Error ? error.message.slice(0, LONGEST_SENTENCE) : 'something was thrown')
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
        audience.close()
        server.close(() => resolve())
        // What is at its end now is sent first; then nobody is waited for.
        setImmediate(() => server.closeAllConnections())
      })
      return closing
    },
  }
}

/** What the program is called: its file, or the folder if the file has a name that most have. */
function programName(path: string | undefined): string {
  if (path === undefined) return nodeProcess.title
  const isUsual = /^(main|index|server|app|start)\.[cm]?[jt]s$/.test(basename(path))
  return basename(isUsual ? dirname(path) : path)
}

async function answer(request: IncomingMessage, response: ServerResponse, site: PageState): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const url = URL.canParse(request.url ?? '', 'http://server') ? new URL(request.url ?? '', 'http://server') : undefined
  if (url === undefined) return say(response, 400, 'expected the path of a page')
  const refused = refusal(request, url, site.guarded)
  if (refused !== undefined) {
    if (refused.status === 405) response.setHeader('allow', 'GET, HEAD')
    if (refused.status === 401) response.setHeader('www-authenticate', 'Bearer')
    return say(response, refused.status, refused.message)
  }
  const { pathname, searchParams } = url
  if (pathname === '/') return sendPage(response)
  if (pathname === '/events') return sendEvents(request, response, site)
  if (pathname === '/snapshot') return sendJson(response, snapshotText(site, searchParams.get('states') === '1'))
  const id = /^\/stage\/([^/]+)$/.exec(pathname)?.[1]
  if (id === undefined) return say(response, 404, 'there is nothing here: there is /, /events, /snapshot and /stage/ID')
  const stage = site.replies.of(pathname, () => {
    const found = site.stage(decoded(id))
    return found && JSON.stringify(found)
  })
  return stage === undefined ? say(response, 404, `no stage ${decoded(id)} runs`) : sendJson(response, stage)
}

function snapshotText(site: PageState, states: boolean): string {
  const take = (): string => snapshotJson(site.snapshot(states))
  return states ? (site.replies.of('/snapshot', take) ?? '') : take()
}

/** Strict, and the same for every answer; the page adds to the policy what it needs. */
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

function sendEvents(request: IncomingMessage, response: ServerResponse, { audience }: PageState): void {
  if (audience.isFull) {
    say(response, 503, 'as many look on as may: close one of the other pages')
    return
  }
  response.setHeader('content-type', 'text/event-stream; charset=utf-8')
  if (request.method === 'HEAD') response.end()
  else audience.add(response)
}

function sendJson(response: ServerResponse, text: string): void {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(`${text}\n`)
}

function say(response: ServerResponse, status: number, sentence: string): void {
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
      const why = error.code === 'EADDRINUSE' ? 'somebody listens there; port 0 takes any that is free' : error.message
      reject(new Error(`cannot listen on port ${port} of ${host}: ${why}`, { cause: error }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function urlOf({ address, family, port }: AddressInfo, host: string): string {
  // An address that stands for all of them is none that one can open everywhere.
  const isAny = address === '0.0.0.0' || address === '::'
  const name = isAny ? 'localhost' : family === 'IPv6' ? `[${address}]` : host
  return `http://${name}:${port}/`
}
