import type { IncomingMessage } from 'node:http'
import { observe } from 'genstage/observe'
import { testRuntime } from 'genstage/testing'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../../src/observe/server/guard.ts'

/** How the guard of a server that listens on `host` judges a request to this Host. */
function statusFor(host: string, to: string, token?: string, authorization?: string): number | undefined {
  const headers = { host: to, ...(authorization !== undefined && { authorization }) }
  const request = { method: 'GET', headers } as unknown as IncomingMessage
  return refusal(request, new URL(`http://${to}/`), { host, token })?.status
}

describe('a server that listens on a name', () => {
  test('is asked by it, in any case of letters, and by an address', () => {
    expect(statusFor('Stages.Internal', 'stages.internal:4040')).toBeUndefined()
    expect(statusFor('stages.internal', '10.1.2.3:4040')).toBeUndefined()
    expect(statusFor('stages.internal', '[fd00::1]:4040')).toBeUndefined()
    expect(statusFor('stages.internal', 'evil.example:4040')).toBe(403)
  })
})

describe('a token', () => {
  const token = 'sixteen letters.'

  test('may have 16 characters, and no fewer', async () => {
    const runtime = testRuntime()
    const observation = await observe({ runtime, port: 0, token })
    expect((await fetch(`${observation.url}snapshot`)).status).toBe(401)
    const authorization = `Bearer ${token}`
    expect((await fetch(`${observation.url}snapshot`, { headers: { authorization } })).status).toBe(200)
    await observation.close()
    await expect(observe({ runtime, port: 0, token: token.slice(1) })).rejects.toThrow(RangeError)
  })

  test('is given by a scheme whose case does not matter', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(statusFor('127.0.0.1', '127.0.0.1', token, `${scheme} ${token}`)).toBeUndefined()
    }
    expect(statusFor('127.0.0.1', '127.0.0.1', token, `Basic ${token}`)).toBe(401)
  })
})

test('a server that closes ends the streams of its clients', async () => {
  const observation = await observe({ runtime: testRuntime(), port: 0 })
  const events = await fetch(`${observation.url}events`)
  const text = events.text()
  await observation.close()
  expect(await text).toContain('event: hello')
})
