import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { EventReader } from '../../../src/observe/cli/event-reader.ts'
import { expectSnapshot, parseUpdate } from '../../../src/observe/cli/parse-update.ts'
import { run } from '../../../src/observe/cli/run.ts'
import type { PageUpdate } from '../../../src/observe/view/page-update.ts'
import { finding, picture, stage, subscription } from '../picture.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(respond: RequestListener): Promise<string> {
  const server = createServer(respond).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that begins a stream of events, and continues as the test decides. */
const serveEvents = (send: (response: ServerResponse) => void) =>
  serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    send(response)
  })

const eventOf = (update: unknown) => `event: update\ndata: ${JSON.stringify(update)}\n\n`

async function genstage(given: readonly string[], patience = 10_000) {
  let [stdout, stderr] = ['', '']
  const code = await run(given, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    environment: {},
    signal: new AbortController().signal,
    patience,
  })
  return { code, stdout, stderr }
}

/** What a terminal takes for a command: ESC and the other controls, CSI and OSC in one character, bidi. */
const commands = [
  '\x1b[2J',
  '\x1b]0;title\x07',
  '\x9b31m',
  '\x9d0;x\x9c',
  '\r',
  '\b',
  '\x7f',
  '\u202e',
  '\u2066',
  '\u2028',
]
const evil = commands.join('x')
const isClean = (text: string) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll('\n', ''))

const update: PageUpdate = {
  snapshot: picture([stage('numbers', { kind: 'producer' }), stage('printer')], [subscription('numbers → printer')], {
    time: 1_000,
  }),
  findings: [finding('printer')],
}

/** The same with something put into each of its strings, and called otherwise. */
function withAll<Value>(value: Value, put: string): Value {
  if (typeof value === 'string') return `${value}${put}` as Value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withAll(item, put)) as Value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withAll(item, put)])) as Value
}

describe('no command to the terminal that a server sent is printed', () => {
  const evilUpdate = {
    ...withAll(update, evil),
    findings: [{ ...withAll(finding('printer'), evil), severity: 'problem' }],
  }

  test('from the strings of an update', async () => {
    const url = await serveEvents((response) => response.end(eventOf(evilUpdate)))
    const { code, stdout } = await genstage(['observe', url])
    expect(code).toBe(0)
    expect(stdout).toContain('printer')
    expect(stdout).toSatisfy(isClean)
  })

  test('nor on a terminal, but for those of the table itself', async () => {
    const url = await serveEvents((response) => response.write(eventOf(evilUpdate)))
    let shown = ''
    const interruption = new AbortController()
    const watching = run(['observe', url], {
      stdout: { isTTY: true, columns: 100, rows: 20, write: (text) => (shown += text) },
      stderr: { write: () => {} },
      environment: {},
      signal: interruption.signal,
    })
    await vi.waitFor(() => expect(shown).toContain('printer'), { timeout: 10_000 })
    interruption.abort()
    expect(await watching).toBe(130)
    const own = /^\[(\?1049[hl]|\?25[hl]|[HKJ]|\d*m)/
    const [first = '', ...rest] = shown.split('\x1b')
    for (const text of [first, ...rest.map((each) => each.replace(own, ''))]) expect(text).toSatisfy(isClean)
    for (const text of rest) expect(text).toMatch(own)
  })

  test('from a snapshot as JSON, which stays the same value', async () => {
    const snapshot = withAll({ ...update.snapshot, stages: [{ ...update.snapshot.stages[0], odd: '\u{e0041}' }] }, evil)
    // As it may be written: what JSON has to escape is escaped, the rest is not.
    const json = `\r\n${JSON.stringify({ ...snapshot, tree: [] }).replaceAll(',"time"', ',\t"time"')}\r\n`
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(json)
    })
    const { code, stdout } = await genstage(['observe', url, '--json'])
    expect(code).toBe(0)
    expect(stdout).toSatisfy(isClean)
    expect(JSON.parse(stdout)).toEqual(JSON.parse(json))
  })

  test('from the sentence with which it refuses', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`no${evil}`)
    })
    const { code, stdout, stderr } = await genstage(['observe', url])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^genstage: http:\/\/\S+ refused the request \(403\): no�\[2J/)
    expect(stderr).toSatisfy(isClean)
  })
})

describe('a reply that is no good is a sentence, with exit code 1', () => {
  const part = (change: object) => ({ ...update, snapshot: { ...update.snapshot, ...change } })
  const oneStage = (change: object) => part({ stages: [{ ...update.snapshot.stages[0], ...change }] })

  test.each<[string, string]>([
    ['{', 'expected JSON'],
    ['null', 'expected it to be an object'],
    ['[]', 'expected it to be an object'],
    ['{}', 'expected snapshot to be an object'],
    [JSON.stringify(part({ version: 2 })), 'expected snapshot.version to be one of 1'],
    [JSON.stringify(part({ time: '1' })), 'expected snapshot.time to be a number'],
    [JSON.stringify(part({})).replace('"time":1000', '"time":1e999'), 'expected snapshot.time to be a number'],
    [JSON.stringify(part({ stages: {} })), 'expected snapshot.stages to be a list'],
    [JSON.stringify(part({ stages: [1] })), 'expected snapshot.stages[0] to be an object'],
    [JSON.stringify(oneStage({ label: 1 })), 'expected snapshot.stages[0].label to be a string'],
    [JSON.stringify(oneStage({ mailbox: null })), 'expected snapshot.stages[0].mailbox to be a number'],
    [JSON.stringify(oneStage({ producing: {} })), 'expected snapshot.stages[0].producing.emitted to be a number'],
    [JSON.stringify(part({ subscriptions: [{}] })), 'expected snapshot.subscriptions[0].tag to be a string'],
    [
      JSON.stringify(part({ stages: Array.from({ length: 50_001 }) })),
      'expected snapshot.stages to have at most 50000 items',
    ],
    [
      JSON.stringify({ ...update, findings: [{ ...finding('a'), severity: 'toString' }] }),
      'expected findings[0].severity to be one of',
    ],
    ['{"__proto__":{"snapshot":1}}', 'expected snapshot to be an object'],
  ])('an update: %#', async (data, message) => {
    const url = await serveEvents((response) => response.end(`event: update\ndata: ${data}\n\n`))
    const { code, stdout, stderr } = await genstage(['observe', url])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.split('\n')).toHaveLength(2)
    expect(stderr).toContain(
      `genstage: ${url} sent data that is not from a live page of this version of genstage: ${message}`,
    )
  })

  test('an update on a terminal, also after good ones: it does not get better', async () => {
    const url = await serveEvents((response) => response.write(`${eventOf(update)}event: update\ndata: {\n\n`))
    let shown = ''
    let stderr = ''
    const code = await run(['observe', url], {
      stdout: { isTTY: true, columns: 100, rows: 20, write: (text) => (shown += text) },
      stderr: { write: (text) => (stderr += text) },
      environment: {},
      signal: new AbortController().signal,
    })
    expect(code).toBe(1)
    expect(shown).toContain('printer')
    expect(shown.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
    expect(stderr).toMatch(/^genstage: .* expected JSON\n$/)
  })

  test.each([
    ['{"version":1', 'expected JSON'],
    ['[]', 'expected it to be an object'],
    [JSON.stringify({ ...update.snapshot, stages: 7 }), 'expected stages to be a list'],
  ])('a snapshot: %#', async (json, message) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(json)
    })
    const { code, stdout, stderr } = await genstage(['observe', url, '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
  })

  test('what is nested deeper than the stack is either read or refused', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    const whole = JSON.stringify({ ...update, snapshot: { ...update.snapshot, tree: [] } })
    expect(parseUpdate(whole.replace('"tree":[]', `"tree":[${deep}]`)).snapshot.stages).toHaveLength(2)
    expect(() => expectSnapshot(deep)).toThrow('expected it to be an object')
  })
})

describe('no reply is read without a bound', () => {
  /** Writes for as long as the client reads. */
  const endless = (response: ServerResponse, piece: string | Buffer) => {
    const go = () => {
      while (!response.destroyed && response.write(piece));
    }
    response.on('drain', go)
    go()
  }
  const large = 'x'.repeat(1 << 20)

  test('an event that does not end', async () => {
    const url = await serveEvents((response) => {
      response.write('event: update\ndata: ')
      endless(response, large)
    })
    let stderr = ''
    // On a terminal it is not given up for want of a second update.
    const code = await run(['observe', url], {
      stdout: { isTTY: true, write: () => {} },
      stderr: { write: (text) => (stderr += text) },
      environment: {},
      signal: new AbortController().signal,
    })
    expect(code).toBe(1)
    expect(stderr).toContain('expected an event to end')
  })

  test('a snapshot that does not end, also one that is small before it is decompressed', async () => {
    const url = await serve((request, response) => {
      const isPacked = request.headers['accept-encoding']?.includes('gzip') === true
      response.writeHead(200, { 'content-type': 'application/json', ...(isPacked && { 'content-encoding': 'gzip' }) })
      if (isPacked) response.end(gzipSync('x'.repeat(80 << 20)))
      else endless(response, large)
    })
    const { code, stdout, stderr } = await genstage(['observe', url, '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('expected a snapshot of at most 41943040 bytes')
  })

  test('a refusal that does not end', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(401, { 'content-type': 'text/plain' })
      endless(response, 'no\n'.repeat(1_000))
    })
    const { code, stderr } = await genstage(['observe', url])
    expect(code).toBe(1)
    expect(stderr).toBe(`genstage: ${url} refused the request (401): no\n`)
  })

  test.each([
    ['that sends nothing', () => {}],
    [
      'whose snapshot comes in drops',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const drops = setInterval(() => response.write(' '), 10)
        response.on('close', () => clearInterval(drops))
      },
    ],
  ])('a server %s is given up', async (_name, respond) => {
    const url = await serve((_request, response) => respond(response))
    const { code, stdout, stderr } = await genstage(['observe', url, '--json'], 300)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(
      `genstage: cannot reach ${url} (it sent no complete response within 300 ms): ` +
        'is the program running, and does it call observe()?\n',
    )
  })

  test('a table is given up likewise, on a terminal and elsewhere', async () => {
    const url = await serveEvents((response) => response.write('event: hello\ndata: {}\n\n'))
    expect((await genstage(['observe', url], 300)).stderr).toContain('within 300 ms')
    const code = await run(['observe', url], {
      stdout: { isTTY: true, write: () => {} },
      stderr: { write: () => {} },
      environment: {},
      signal: new AbortController().signal,
      patience: 300,
    })
    expect(code).toBe(1)
  })
})

test('events are the same however they come in pieces', () => {
  const stream = 'event: a\ndata: 1\n\n\nevent: b\n\n\n\nevent: c\ndata: 2\n\nrest'
  const whole = new EventReader().take(stream).map((event) => event.trim())
  for (let size = 1; size < 8; size++) {
    const reader = new EventReader()
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    const events = pieces.flatMap((piece) => reader.take(piece)).map((event) => event.trim())
    expect(events.filter((event) => event !== '')).toEqual(whole.filter((event) => event !== ''))
  }
})
