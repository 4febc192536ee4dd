import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { quote } from '../../base/quote.ts'

/** Why a request is refused. */
interface RequestRefusal {
  readonly status: 401 | 403 | 405
  /** In a sentence, for who reads the answer. */
  readonly message: string
}

/** Whom a server is for. */
export interface Guarded {
  /** Where it listens. */
  readonly host: string
  readonly token: string | undefined
}

/** Whether only programs of the same machine reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Judges a request: answers why it is refused, or nothing.
 *
 * A page of somebody else's may have its own name point at this server, and would then be let in by the browser as if
 * it came from here (DNS rebinding): so the name by which one is called must be one's own. Names that are addresses
 * cannot be made to point elsewhere.
 */
export function refusal(request: IncomingMessage, url: URL, { host, token }: Guarded): RequestRefusal | undefined {
  const { method, headers } = request
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, message: `expected a GET request, got: ${method}` }
  }
  const name = hostNameOf(headers.host)
  if (name === undefined || !isOwnName(name, host)) {
    const message =
      `expected the Host of the request to be this server's, got: ${quote(headers.host)}. ` +
      'Open it by its address, or by the host it was told to listen on.'
    return { status: 403, message }
  }
  if (headers.origin !== undefined && hostOf(headers.origin) !== headers.host) {
    const message = `expected no request from another page, got one with the Origin ${quote(headers.origin)}.`
    return { status: 403, message }
  }
  const site = headers['sec-fetch-site']
  if (site !== undefined && !isOwnSite(headers)) {
    const message =
      `expected no request from another site, got one with Sec-Fetch-Site: ${quote(site)}. ` +
      'To open the page, type its address, or paste it.'
    return { status: 403, message }
  }
  if (token !== undefined && !isSame(tokenOf(request, url), token)) {
    const message =
      'expected the token that this server was started with: as ?token=… behind the address, ' +
      'or in a header, Authorization: Bearer ….'
    return { status: 401, message }
  }
  return undefined
}

/**
 * By what a browser says of a request, which no page can change. The request of an image or a script has no Origin, and
 * its sender gets nothing to read, but it would make this program work.
 *
 * Another port of this machine is the same site: a page from there, which any program may have served, can link to
 * this one, and nothing else.
 */
function isOwnSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return site === 'same-origin' || site === 'none' || (site === 'same-site' && isLink)
}

function isOwnName(name: string, host: string): boolean {
  if (isLoopback(name)) return true
  // Whoever listens on loopback has no other names; whoever does not has a token.
  return !isLoopback(host) && (isIP(name) !== 0 || name === host.toLowerCase() || name === hostname().toLowerCase())
}

/** The name in a Host header, without its port and brackets. */
function hostNameOf(host: string | undefined): string | undefined {
  if (host === undefined || !URL.canParse(`http://${host}`)) return undefined
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '')
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

function tokenOf({ headers }: IncomingMessage, url: URL): string {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
  return bearer ?? url.searchParams.get('token') ?? ''
}

/** Takes as long for a token that is nearly right as for one that is wrong. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
