import { EventEmitter } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { MOST_CLIENTS, type OpenObserver, PageClients } from '../../../src/observe/server/page-clients.ts'
import type { Snapshot } from '../../../src/observe/snapshot/snapshot-types.ts'
import { picture, stage } from '../picture.ts'

const hello = { server: 'one', program: 'test', interval: 1_000 }

/** An observer whose snapshots the test sends. */
function staged() {
  let listener: (snapshot: Snapshot) => void = () => {}
  const looks = { open: 0, closed: 0 }
  const open = (): OpenObserver => {
    looks.open++
    return {
      latest: picture([]),
      findings: [],
      subscribe(listen) {
        listener = (snapshot) => listen(snapshot, [])
        return () => {}
      },
      close: () => void looks.closed++,
    }
  }
  return { open, looks, show: (snapshot: Snapshot) => listener(snapshot) }
}

/** A client that reads when the test decides. */
function client() {
  const written: string[] = []
  const response = Object.assign(new EventEmitter(), {
    writableNeedDrain: false,
    write: (text: string) => written.push(text) > 0,
    end: () => {},
  })
  return { response, written, asResponse: response as EventEmitter as ServerResponse }
}

const timesOf = (written: readonly string[]) => written.flatMap((text) => /"time":(\d+)/.exec(text)?.[1] ?? [])

test('a client that has not read an update receives none until it has, and others do not wait for it', () => {
  const { open, show } = staged()
  const audience = new PageClients(hello, open)
  const [slow, quick] = [client(), client()]
  audience.add(slow.asResponse)
  audience.add(quick.asResponse)
  show(picture([], [], { time: 1 }))
  slow.response.writableNeedDrain = true
  for (const time of [2, 3, 4]) show(picture([], [], { time }))
  slow.response.writableNeedDrain = false
  show(picture([], [], { time: 5 }))
  expect(timesOf(slow.written)).toEqual(['0', '1', '5'])
  expect(timesOf(quick.written)).toEqual(['0', '1', '2', '3', '4', '5'])
})

test('it observes while there are clients, and once for all of them', () => {
  const { open, looks } = staged()
  const audience = new PageClients(hello, open)
  const [one, other] = [client(), client()]
  expect(looks).toEqual({ open: 0, closed: 0 })
  audience.add(one.asResponse)
  audience.add(other.asResponse)
  one.response.emit('close')
  expect(looks).toEqual({ open: 1, closed: 0 })
  other.response.emit('close')
  other.response.emit('close')
  expect(looks).toEqual({ open: 1, closed: 1 })
  audience.add(client().asResponse)
  audience.close()
  expect(looks).toEqual({ open: 2, closed: 2 })
})

test('there is room for many, and not for any number', () => {
  const audience = new PageClients(hello, staged().open)
  for (let count = 0; count < MOST_CLIENTS; count++) {
    expect(audience.isFull).toBe(false)
    audience.add(client().asResponse)
  }
  expect(audience.isFull).toBe(true)
})

test('a client that does not read costs no memory for each update', async () => {
  const { open, show } = staged()
  const audience = new PageClients(hello, open)
  let response: ServerResponse | undefined
  const server = createServer((_request, reply) => {
    response = reply
    audience.add(reply)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const asked = request({ port, host: '127.0.0.1', agent: false }, (incoming) => incoming.pause()).end()
  await vi.waitFor(() => expect(response).toBeDefined(), { timeout: 10_000 })
  const large = picture(Array.from({ length: 2_000 }, (_, index) => stage(`stage ${index}`)))
  const size = JSON.stringify(large).length
  for (let time = 1; time <= 60; time++) {
    show({ ...large, time })
    await new Promise((resolve) => setImmediate(resolve))
  }
  // What is in flight to the network, and one update that waits after it.
  expect(response?.writableLength).toBeLessThan(3 * size)
  asked.destroy()
  audience.close()
  server.close()
  server.closeAllConnections()
})
