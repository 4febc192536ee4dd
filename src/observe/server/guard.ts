import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { quote } from '../../base/quote.ts'

/** Why a request is refused. */
interface RequestRefusal {
  readonly status: 401 | 403 | 405
  /** Why, in a sentence for the reader of the response. */
  readonly message: string
}

/** What protects a server. */
export interface AccessRules {
  /** The host that it listens on. */
  readonly host: string
  /** The token that requests must have, if any. */
  readonly token: string | undefined
}

/** Whether an address can be reached only from the same machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Returns why a request is refused; undefined if it is accepted.
 *
 * Another page may point its own host name at this server, so that the browser treats it as the same origin (DNS
 * rebinding). Therefore the Host of a request must be a name of this server. A Host that is an IP address is safe, because
 * an address cannot be pointed elsewhere.
 */
export function refusal(request: IncomingMessage, url: URL, { host, token }: AccessRules): RequestRefusal | undefined {
  const { method, headers } = request
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, message: `expected a GET request, got: ${method}` }
  }
  const name = hostNameOf(headers.host)
  if (name === undefined || !isOwnName(name, host)) {
    const message =
      `expected the Host of the request to be this server's, got: ${quote(headers.host)}. ` +
      'Open the page by an address of the server, or by the host that it listens on.'
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
      'expected the token that this server was started with: as ?token=… in the URL, ' +
      'or in the header Authorization: Bearer ….'
    return { status: 401, message }
  }
  return undefined
}

/**
 * Checks headers that a browser sets and no page can change. The request of an image or a script has no Origin. Its sender
 * cannot read the response, but the request would still cost this program work.
 *
 * Another port of this machine is the same site, and any program may serve pages there. Such a page may link to this one,
 * and nothing else.
 */
function isOwnSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return site === 'same-origin' || site === 'none' || (site === 'same-site' && isLink)
}

function isOwnName(name: string, host: string): boolean {
  if (isLoopback(name)) return true
  // A server on loopback has no other names; one that listens elsewhere has a token.
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

/** Compares tokens in constant time, so that the time does not reveal how much of a token is right. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
