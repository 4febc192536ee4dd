// An HTTP server in front of stages. On SIGTERM it replies to the requests it has accepted, and the program ends.
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { producer } from 'genstage'
import { runUntilSignal } from 'genstage/program'

/** A stage that replies slowly to calls, one at a time. */
const Prices = () =>
  producer({
    handleDemand: () => [],
    handleCall: {
      async price(product: string) {
        await sleep(20)
        return { reply: `${product}: ${product.length} francs` }
      },
    },
  })

/** Sends a request on a keep-alive connection, as browsers and proxies do. */
const agent = new Agent({ keepAlive: true })
async function fetched(port: number, product: string): Promise<string> {
  const [response] = await once(get({ port, agent, path: `/${product}` }), 'response')
  return text(response as IncomingMessage)
}

const { value, signal, undone } = await runUntilSignal(async (scope, { signal }) => {
  const prices = await scope.startLink(Prices())
  const reply = async (product: string, response: ServerResponse) => {
    const price = await prices.call('price', product)
    // A connection that stays open after this response would keep the server open.
    if (signal.aborted) response.setHeader('Connection', 'close')
    response.end(price)
  }
  let accepted = 0
  const server = createServer((request, response) => {
    void reply(request.url?.slice(1) ?? '', response)
    if (++accepted === 3) process.kill(process.pid, 'SIGTERM')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const replies = ['tea', 'bread', 'cheese'].map((product) => fetched(port, product))
  await once(signal, 'abort')
  server.close().closeIdleConnections()
  await once(server, 'close')
  return (await Promise.all(replies)).join('\n')
})
console.log(`${value}\nended by ${signal} with ${undone.length} stages undone`)
process.exitCode = 0 // was 143, which shells expect after SIGTERM

/* prints:
tea: 3 francs
bread: 5 francs
cheese: 6 francs
ended by SIGTERM with 0 stages undone
*/
