import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

/** A page on loopback. */
export interface Site {
  readonly url: string
  close(): Promise<void>
}

/** Serves a page at `/`, and beside it the modules of a folder. */
export async function serve(page: string, folder: string): Promise<Site> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page')
    if (pathname === '/') {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(page)
      return
    }
    readFile(join(folder, normalize(pathname))).then(
      (module) => response.setHeader('content-type', 'text/javascript; charset=utf-8').end(module),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
