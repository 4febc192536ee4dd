import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { consumer, createRuntime, createScope, producer, type Scope } from 'genstage'
import { type Observation, observe } from 'genstage/observe'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { version } from '../../../src/base/version.ts'
import { parseArguments } from '../../../src/observe/cli/arguments.ts'
import { run } from '../../../src/observe/cli/run.ts'

const main = fileURLToPath(new URL('../../../src/observe/cli/main.ts', import.meta.url))
const nodeOptions = ['--conditions=genstage-source', '--import', import.meta.resolve('tsx')]
const token = 'a-token-of-our-own-1234'

const runtime = createRuntime()
const servers: Server[] = []
let scope: Scope
let observation: Observation

beforeAll(async () => {
  scope = createScope({ runtime })
  const numbers = await scope.startLink(
    producer({ handleDemand: (demand) => Array.from({ length: demand }, () => 1) }),
    { name: 'numbers' },
  )
  const printer = await scope.startLink(
    consumer({ handleEvents: () => new Promise<void>((resolve) => setTimeout(resolve, 10)) }),
    { name: 'printer' },
  )
  await printer.subscribe(numbers, { maxDemand: 10 })
  observation = await observe({ port: 0, runtime, interval: 50, token })
})

afterAll(async () => {
  await observation.close()
  await scope[Symbol.asyncDispose]()
  for (const server of servers) server.close().closeAllConnections()
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program within this one. */
async function genstage(given: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const code = await run(given, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    environment,
    signal: new AbortController().signal,
  })
  return { code, stdout, stderr }
}

async function elsewhere(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('arguments', () => {
  test.each([
    ['4040', 'http://127.0.0.1:4040/'],
    ['localhost:80', 'http://localhost/'],
    ['https://a.example/x', 'https://a.example/x'],
  ])('%s is an address', (given, url) => {
    expect(parseArguments(['observe', given], {})).toMatchObject({ kind: 'observe', url: new URL(url) })
  })

  test('a token comes from the address, from the option, or from the environment', () => {
    const environment = { GENSTAGE_TOKEN: 'c' }
    const tokenOf = (...given: string[]) => {
      const command = parseArguments(['observe', ...given], environment)
      return command.kind === 'observe' ? command.token : undefined
    }
    expect(tokenOf('http://h/?token=a', '--token', 'b')).toBe('a')
    expect([tokenOf('h', '--token', 'b'), tokenOf('h', '--token=b'), tokenOf('h')]).toEqual(['b', 'b', 'c'])
  })

  test.each([
    [[], 'expected the command observe, got: nothing'],
    [['watch'], "expected the command observe, got: 'watch'"],
    [['observe'], 'expected one URL after observe, got: nothing'],
    [['observe', 'a', 'b'], "expected one URL after observe, got: 'a' 'b'"],
    [['observe', 'ftp://a'], "expected a URL like http://127.0.0.1:4040/, got: 'ftp://a'"],
    [['observe', '99999'], 'expected a URL like'],
    [['observe', 'a', '--token'], 'expected --token to be followed by a token, got: nothing'],
    [['observe', 'a', '--jsn'], "expected --token TOKEN, --json, --help or --version, got: '--jsn'"],
  ])('%j are refused in a sentence, with the usage, and exit code 2', async (given, message) => {
    const { code, stdout, stderr } = await genstage(given)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`genstage: ${message}`)
    expect(stderr).toContain('genstage observe URL')
  })

  test('--help and --version print their text', async () => {
    expect(await genstage(['observe', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('genstage observe URL'),
    })
    expect(await genstage(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('where there is no terminal', () => {
  test('the table is printed once, with rates', async () => {
    const { code, stdout, stderr } = await genstage(['observe', observation.url, '--token', token])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^http:\/\/127.*\n\n(.+\n)+\nSTAGE.*\nproducer numbers .*\nconsumer printer +\w+ +\d+ .*\n$/)
  })

  test('--json is one snapshot', async () => {
    const { code, stdout } = await genstage(['observe', observation.url, '--json'], { GENSTAGE_TOKEN: token })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, stages: [{ name: 'numbers' }, { name: 'printer' }] })
  })
})

describe('one line on stderr explains it, with exit code 1', () => {
  test('if no server listens', async () => {
    const url = await elsewhere(() => {})
    servers.pop()?.close()
    for (const given of [
      ['observe', url],
      ['observe', url, '--json'],
    ]) {
      expect(await genstage(given)).toEqual({
        code: 1,
        stdout: '',
        stderr: `genstage: cannot reach ${url} (ECONNREFUSED): is the program running, and does it call observe()?\n`,
      })
    }
  })

  test('if the token is wrong', async () => {
    const { code, stderr } = await genstage(['observe', observation.url, '--token', 'wrong'])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^genstage: http:\/\/\S+ refused the request \(401\): expected the token that this server was started with/,
    )
  })

  test.each([
    ['a page', 200],
    ['no page', 404],
  ])('if it is another server: %s', async (_what, status) => {
    const url = await elsewhere((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<!doctype html>')
    })
    expect((await genstage(['observe', url])).stderr).toBe(
      `genstage: ${url} is not a live page of genstage (${status} for /events): is the port right?\n`,
    )
  })

  test('as a program of its own', async () => {
    const url = await elsewhere(() => {})
    servers.pop()?.close()
    const { code, stderr } = await new Promise<Partial<Outcome>>((resolve) => {
      const child = execFile(process.execPath, [...nodeOptions, main, 'observe', url], (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      )
    })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('on a terminal', () => {
  const [enter, leave] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l']

  test('the table is live until Ctrl-C, which leaves the terminal as it was', async () => {
    const preload = `data:text/javascript,${encodeURIComponent('process.stdout.isTTY = true')}`
    const child = spawn(process.execPath, [...nodeOptions, '--import', preload, main, 'observe', observation.url], {
      env: { ...process.env, GENSTAGE_TOKEN: token, NO_COLOR: '1' },
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text
    })
    const ended = once(child, 'exit')
    await vi.waitFor(() => expect(shown.split('\x1b[H').length).toBeGreaterThan(4), { timeout: 15_000 })
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    expect(shown.startsWith(`${enter}\x1b[H`)).toBe(true)
    expect(shown.endsWith(leave)).toBe(true)
    expect(shown.split(enter).length + shown.split(leave).length).toBe(4)
    expect(shown).toContain('consumer printer')
  })

  test('a program that ends is waited for, and its next start is shown', async () => {
    const first = await observe({ port: 0, runtime, interval: 50 })
    const { port } = new URL(first.url)
    let shown = ''
    const interruption = new AbortController()
    const watching = run(['observe', first.url], {
      stdout: { isTTY: true, columns: 100, rows: 20, write: (text) => (shown += text) },
      stderr: { write: () => {} },
      environment: {},
      signal: interruption.signal,
    })
    const shows = (text: string) => vi.waitFor(() => expect(shown).toContain(text), { timeout: 15_000 })
    await shows('consumer printer')
    await first.close()
    await shows('ended or not reachable, trying again')
    shown = ''
    const second = await observe({ port: Number(port), runtime, interval: 50 })
    await shows('consumer printer')
    interruption.abort()
    expect(await watching).toBe(130)
    expect(shown.endsWith(leave)).toBe(true)
    await second.close()
  })
})
