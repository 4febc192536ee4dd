import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { fromIterable, stream, to } from 'genstage'
import { decodeText, splitLines } from 'genstage/bridge'
import { fromReadable, intoWritable, toReadable } from 'genstage/node'
import { testRuntime } from 'genstage/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { launch, range, rejection } from '../../stage/test-stages.ts'

// The streams of Node that are not made for tests: they close, half-open and fail in ways of their own.

const servers: Server[] = []

async function portOf(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

test('both sides of a socket: what comes is sent back, up to the end of the one and then of the other', async () => {
  const runtime = testRuntime()
  const exits: Promise<unknown>[] = []
  const respond = async (socket: Socket): Promise<void> => {
    const source = await launch(runtime, fromReadable(socket))
    const sink = await launch(runtime, intoWritable(socket))
    exits.push(source.exited, sink.exited)
    await sink.subscribe(source, { maxDemand: 2 })
  }
  const port = await portOf(createServer({ allowHalfOpen: true }, (socket) => void respond(socket)))
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const sent = 'abc'.repeat(100_000)
  client.end(sent)
  expect(await text(client)).toBe(sent)
  expect(await Promise.all(exits)).toEqual(['normal', 'normal'])
})

describe('an HTTP request', () => {
  test('that breaks off fails the source', async () => {
    const port = await portOf(
      createHttpServer((_request, response) => {
        response.write('half of it', () => response.destroy())
      }),
    )
    const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage]
    const source = await launch(testRuntime(), fromReadable(response))
    const { reason } = await rejection(
      (async () => {
        for await (const _chunk of stream([source]));
      })(),
    )
    expect(reason).toMatchObject({ code: 'ECONNRESET' })
    expect(await source.exited).toBe(reason)
  })

  test('whose client goes fails the sink, and what feeds it is left', async () => {
    const runtime = testRuntime()
    const endless = (function* () {
      for (;;) yield 'x'.repeat(65_536)
    })()
    let reportExits: (reasons: readonly unknown[]) => void = () => {}
    const reasons = new Promise<readonly unknown[]>((resolve) => {
      reportExits = resolve
    })
    const respond = async (response: ServerResponse): Promise<void> => {
      const source = await launch(runtime, fromIterable(endless, { onCancel: 'stop' }))
      const sink = await launch(runtime, intoWritable(response, { subscribeTo: [to(source, { maxDemand: 4 })] }))
      reportExits(await Promise.all([source.exited, sink.exited]))
    }
    const port = await portOf(createHttpServer((_request, response) => void respond(response)))
    const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage]
    await once(response, 'data')
    response.destroy()
    expect(await reasons).toEqual(['normal', expect.objectContaining({ code: 'ERR_STREAM_PREMATURE_CLOSE' })])
  })

  test('is responded to with the events of a stage', async () => {
    const runtime = testRuntime()
    const lines = range(0, 10_000).map((number) => `${number}\n`)
    const port = await portOf(
      createHttpServer((_request, response) => {
        void launch(runtime, fromIterable(lines)).then((source) => toReadable(source).pipe(response))
      }),
    )
    const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage]
    expect(await text(response)).toBe(lines.join(''))
  })
})

test('the output of a child process, line by line', async () => {
  const runtime = testRuntime()
  const script = 'for (let line = 0; line < 5000; line++) console.log("line", line)'
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const bytes = await launch(runtime, fromReadable(child.stdout))
  const decoded = await launch(runtime, decodeText({ subscribeTo: [bytes] }))
  const lines = await launch(runtime, splitLines({ subscribeTo: [decoded] }))
  const seen: string[] = []
  for await (const line of stream([lines])) seen.push(line)
  expect(seen).toEqual(range(0, 5_000).map((number) => `line ${number}`))
})
