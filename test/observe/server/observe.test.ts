import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { consumer, createRuntime, createScope, producer, type Scope } from 'genstage'
import { type Observation, type ObserveOptions, observe } from 'genstage/observe'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { writePage } from '../../../scripts/build-page.ts'
import type { Snapshot, StageSnapshot } from '../../../src/observe/snapshot/snapshot-types.ts'
import { ask, lookOn } from './ask.ts'

const token = 'a-token-of-our-own-1234'
const runtime = createRuntime()
let scope: Scope
const open: Observation[] = []

beforeAll(() => writePage())

beforeEach(async () => {
  scope = createScope({ runtime })
  const numbers = await scope.startLink(
    producer({ handleDemand: (demand) => Array.from({ length: demand }, () => 1), inspect: () => ({ secret: 42 }) }),
    { name: 'numbers' },
  )
  const printer = await scope.startLink(
    consumer({
      handleEvents: (events: readonly number[]) => new Promise<void>((resolve) => setTimeout(resolve, events.length)),
    }),
    { name: 'printer' },
  )
  await printer.subscribe(numbers, { maxDemand: 10 })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
  await scope[Symbol.asyncDispose]()
})

async function serve(options: ObserveOptions = {}): Promise<string> {
  const observation = await observe({ port: 0, runtime, interval: 50, ...options })
  open.push(observation)
  return observation.url
}

/** The snapshot that the server gives. */
async function snapshotAt(url: string, query = ''): Promise<Snapshot> {
  return JSON.parse((await ask(`${url}snapshot${query}`)).text) as Snapshot
}

describe('what is served', () => {
  test('the page, in one piece, which may load nothing from elsewhere', async () => {
    const { status, headers, text } = await ask(await serve())
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    const policy = String(headers['content-security-policy'])
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1]
    expect(policy).toBe(
      `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; ` +
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(text).toMatch(/^<!doctype html>/)
    expect(text).toContain(`nonce="${nonce}"`)
    expect(text.match(/(?:src|href)="(?!data:)[^"]*"|url\((?!["']?data:)|@import/g)).toBe(null)
  })

  test('the page with another number each time', async () => {
    const url = await serve()
    const policies = [await ask(url), await ask(url)].map(({ headers }) => headers['content-security-policy'])
    expect(policies[0]).not.toBe(policies[1])
  })

  test('a snapshot, with the states if they are asked for', async () => {
    const url = await serve()
    const plain = await snapshotAt(url)
    expect(plain.stages.map(({ label }) => label)).toEqual(['producer numbers', 'consumer printer'])
    expect(plain.stages.some((stage) => 'userState' in stage)).toBe(false)
    const states = await snapshotAt(url, '?states=1')
    expect(states.stages[0]?.userState).toEqual({ secret: 42 })
  })

  test('a stage with its state, and a sentence where there is none', async () => {
    const url = await serve()
    const id = (await snapshotAt(url)).stages[0]?.id ?? ''
    const stage = JSON.parse((await ask(`${url}stage/${id}`)).text) as StageSnapshot
    expect(stage).toMatchObject({ id, label: 'producer numbers', userState: { secret: 42 } })
    expect(await ask(`${url}stage/none%20here`)).toMatchObject({
      status: 404,
      text: 'no stage has the id none here\n',
    })
  })

  test('nothing else', async () => {
    const url = await serve()
    for (const path of ['favicon.ico', 'stage/', 'stage/a/b', '../package.json', 'stage/%ff']) {
      expect((await ask(`${url}${path}`)).status, path).toBe(404)
    }
    expect((await ask(`${url}/`)).status).toBe(400)
    expect(await ask(url, {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect(await ask(`${url}events`, {}, 'HEAD')).toMatchObject({ status: 200, text: '' })
  })
})

describe('the stream', () => {
  test('identifies itself, then sends the stages and findings at each interval', async () => {
    const stream = lookOn(await serve())
    await stream.reached(4)
    stream.close()
    expect(stream.hellos).toEqual([{ server: expect.any(String), program: expect.any(String), interval: 50 }])
    const [first, , , last] = stream.updates
    expect(first?.snapshot.subscriptions).toHaveLength(1)
    expect(first?.findings).toEqual(expect.any(Array))
    const handled = (update: typeof first) => update?.snapshot.stages[1]?.consuming?.handled ?? 0
    expect(handled(last)).toBeGreaterThan(handled(first))
  })

  test('measures busy time only while a page is open', async () => {
    const url = await serve()
    expect((await snapshotAt(url)).isObserved).toBe(false)
    const one = lookOn(url)
    const other = lookOn(url)
    await Promise.all([one.reached(1), other.reached(1)])
    one.close()
    await one.ended
    expect((await snapshotAt(url)).isObserved).toBe(true)
    other.close()
    await vi.waitFor(async () => expect((await snapshotAt(url)).isObserved).toBe(false), { timeout: 10_000 })
  })

  test('is another server after a restart', async () => {
    const streams = [lookOn(await serve()), lookOn(await serve())]
    for (const stream of streams) await stream.reached(1)
    expect(streams[0]?.hellos[0]?.server).not.toBe(streams[1]?.hellos[0]?.server)
    for (const stream of streams) stream.close()
  })
})

describe('a request', () => {
  test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '192.168.0.1', 'localhost.evil.example'])(
    'by the foreign Host %j is refused',
    async (host) => {
      const { status, text } = await ask(await serve(), { host })
      expect(status).toBe(403)
      expect(text).toMatch(/^expected the Host of the request to be this server's, got: /)
    },
  )

  test.each(['localhost', 'localhost:9', '127.0.0.1', '[::1]:80'])('by %s is accepted', async (host) => {
    expect((await ask(`${await serve()}snapshot`, { host })).status).toBe(200)
  })

  test.each(['http://evil.example', 'null', 'http://127.0.0.1:1'])('from the page %s is refused', async (origin) => {
    const { status, text } = await ask(`${await serve()}events`, { origin })
    expect(status).toBe(403)
    expect(text).toBe(`expected no request from another page, got one with the Origin '${origin}'.\n`)
  })

  test('from the page itself is accepted', async () => {
    const url = await serve()
    expect((await ask(`${url}snapshot`, { origin: new URL(url).origin })).status).toBe(200)
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    [
      'a link of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
    [
      'another port of this machine',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    ],
    [
      'a frame on another port',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    ['a place that is not known', { 'sec-fetch-site': 'elsewhere' }],
    ['two places', { 'sec-fetch-site': 'same-origin, cross-site' }],
  ])('from %s is refused, by the headers of the browser, before user code runs', async (_name, headers) => {
    const url = await serve()
    for (const path of ['', 'snapshot?states=1', 'events', 'stage/1']) {
      const { status, text } = await ask(`${url}${path}`, headers)
      expect(status, path).toBe(403)
      expect(text).toBe(
        `expected no request from another site, got one with Sec-Fetch-Site: '${headers['sec-fetch-site']}'. ` +
          'To open the page, type its address, or paste it.\n',
      )
    }
    const upgrade = { ...headers, connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    expect((await ask(`${url}events`, upgrade)).status).toBe(403)
  })

  test.each([
    [
      'an address that was typed',
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
    ['the page', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    [
      'a link on another port',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
  ])('from %s is accepted', async (_name, headers) => {
    expect((await ask(await serve(), headers)).status).toBe(200)
  })

  test('must know the token, where there is one', async () => {
    const url = await serve({ token })
    for (const path of ['', 'snapshot', 'events', 'stage/1', 'nothing']) {
      expect(await ask(`${url}${path}`), path).toMatchObject({ status: 401, text: expect.stringContaining('token') })
      expect((await ask(`${url}${path}?token=${token}x`)).status).toBe(401)
    }
    expect((await ask(`${url}snapshot`, { authorization: `Bearer ${token.slice(1)}` })).status).toBe(401)
    expect((await ask(`${url}snapshot?token=${token}`)).status).toBe(200)
    expect((await ask(`${url}snapshot`, { authorization: `Bearer ${token}` })).status).toBe(200)
    expect((await ask(`${url}?token=${token}`)).status).toBe(200)
    expect(url).not.toContain(token)
  })

  test('from other machines may call it by its address, and not by a name that is not its own', async () => {
    const url = await serve({ host: '0.0.0.0', token })
    expect(url).toMatch(/^http:\/\/localhost:\d+\/$/)
    const by = async (host: string) => (await ask(`${url}snapshot?token=${token}`, { host })).status
    expect([await by('192.168.0.1:4040'), await by('[fe80::1]'), await by('evil.example')]).toEqual([200, 200, 403])
  })
})

describe('what it costs', () => {
  test('a look at a stage that holds much is short, and its reply is bounded', async () => {
    const bytes = Buffer.alloc(40_000_000)
    const wide = Object.fromEntries(
      Array.from({ length: 50 }, (_, key) => [key, Array.from({ length: 50 }, () => 'x'.repeat(900))]),
    )
    const holder = () =>
      consumer({
        handleEvents() {},
        inspect: () => ({ bytes, list: Array.from({ length: 200 }, () => wide) }),
      })
    for (let count = 0; count < 20; count++) await scope.startLink(holder())
    const url = await serve()
    const { stages } = await snapshotAt(url)
    const before = process.cpuUsage()
    const one = await ask(`${url}stage/${stages[2]?.id}`)
    const all = await ask(`${url}snapshot?states=1`)
    // Counted is the time that this program worked, and not what others took from it.
    expect(process.cpuUsage(before).user).toBeLessThan(1_500_000)
    expect(JSON.parse(one.text)).toMatchObject({ userState: { bytes: 'Buffer(40000000 bytes)' } })
    expect(one.text.length).toBeLessThan(60_000)
    expect(all.text.length).toBeLessThan(300_000)
    expect((JSON.parse(all.text) as Snapshot).stages.at(-1)?.userState).toBe('…')
  })

  test('a state that takes long to show is not made again too soon, however many clients ask', async () => {
    let asked = 0
    const slow = await scope.startLink(
      consumer({
        handleEvents() {},
        inspect() {
          const until = performance.now() + 50
          while (performance.now() < until);
          return ++asked
        },
      }),
    )
    const url = await serve()
    const replies = await Promise.all([1, 2, 3, 4].map(() => ask(`${url}stage/${slow.id}`)))
    expect(replies.map(({ text }) => (JSON.parse(text) as StageSnapshot).userState)).toEqual([1, 1, 1, 1])
    await Promise.all([1, 2, 3, 4].map(() => ask(`${url}snapshot?states=1`)))
    expect(asked).toBe(2)
  })
})

describe('options', () => {
  test.each([
    [{ host: '0.0.0.0' }, "expected a token, because other machines can reach the host '0.0.0.0'"],
    [{ host: '127.evil.example' }, 'expected a token, because other machines can reach the host'],
    [{ token: 'short' }, "expected token to be a string of at least 16 characters, got: 'short'"],
    [{ port: 65_536 }, 'expected port to be an integer from 0 to 65535, got: 65536'],
    [{ interval: 1 }, 'expected interval to be an integer of at least 50, got: 1'],
    [{ prot: 1 }, 'did you mean port?'],
    [{ runtime: {} }, 'expected runtime to be a runtime made by createRuntime'],
  ])('%j are refused', async (options, message) => {
    await expect(observe(options as ObserveOptions)).rejects.toThrow(message)
  })

  test('a port that is taken is named', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await expect(observe({ port })).rejects.toThrow(`cannot listen on port ${port} of 127.0.0.1: the port is in use`)
    taken.close()
  })
})

describe('the end', () => {
  test('closes the streams of all clients, and stops observing', async () => {
    const observation = await observe({ port: 0, runtime, interval: 50 })
    const streams = [lookOn(observation.url), lookOn(observation.url)]
    for (const stream of streams) await stream.reached(1)
    await Promise.all([observation.close(), observation.close()])
    await Promise.all(streams.map(({ ended }) => ended))
    await expect(ask(observation.url)).rejects.toThrow('ECONNREFUSED')
    const url = await serve()
    expect((await snapshotAt(url)).isObserved).toBe(false)
  })

  test('of a program does not wait for the server, nor for its clients', async () => {
    const program = `
      import { observe } from 'genstage/observe'
      const { url } = await observe({ port: 0, interval: 50 })
      console.log(url)
      const timer = setInterval(() => {}, 1_000)
      process.stdin.once('data', () => { clearInterval(timer); process.stdin.destroy() })`
    const child = spawn(
      process.execPath,
      ['--conditions=genstage-source', '--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program],
      { cwd: fileURLToPath(new URL('../../..', import.meta.url)), stdio: ['pipe', 'pipe', 'inherit'] },
    )
    const ended = once(child, 'exit')
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const stream = lookOn(line.toString().trim())
    await stream.reached(2)
    child.stdin.write('end\n')
    expect(await ended).toEqual([0, null])
    await stream.ended
  })
})
