import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Meter } from './meter.ts'
import { type Piece, type Unreadable, Walk } from './walk.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wordcount-walk-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Makes a folder of its own with these files, each of so many bytes. */
function tree(name: string, files: Record<string, number>): string {
  const root = join(folder, name)
  mkdirSync(root)
  for (const [path, size] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), '')
    truncateSync(join(root, path), size)
  }
  return root
}

async function walked(root: string, walk: Walk): Promise<string[]> {
  const found: string[] = []
  for await (const item of walk) found.push(described(root, item))
  return found.sort()
}

function described(root: string, item: Piece | Unreadable): string {
  const path = relative(root, item.path.toString())
  return 'reason' in item ? `${path}: ${item.reason}` : `${path} ${item.start}-${item.end}`
}

describe('a walk', () => {
  test('finds every regular file, however deep, and follows no symbolic link', async () => {
    const root = tree('links', { a: 1, 'b/c': 2, 'b/d/e': 3 })
    symlinkSync(join(root, 'a'), join(root, 'to-file'))
    symlinkSync(join(root, 'b'), join(root, 'to-folder'))
    symlinkSync(root, join(root, 'b/loop'))
    symlinkSync('nowhere', join(root, 'dangling'))
    const walk = await Walk.from(root, new Meter())
    expect(await walked(root, walk)).toEqual(['a 0-1', 'b/c 0-2', 'b/d/e 0-3'])
    expect(walk.isComplete).toBe(true)
  })

  test('may begin at a symbolic link, and with a slash at the end', async () => {
    const root = tree('begin', { a: 1 })
    symlinkSync(root, join(folder, 'link-to-begin'))
    for await (const item of await Walk.from(`${join(folder, 'link-to-begin')}/`, new Meter())) {
      expect(item.path.toString()).toBe(join(folder, 'link-to-begin', 'a'))
    }
  })

  test('cuts large files into pieces without a gap, and has one piece for an empty file', async () => {
    const root = tree('sizes', { empty: 0, large: 300_000 })
    const kibi = 128 << 10
    expect(await walked(root, await Walk.from(root, new Meter()))).toEqual([
      'empty 0-Infinity',
      `large 0-${kibi}`,
      `large ${kibi}-${2 * kibi}`,
      `large ${2 * kibi}-300000`,
    ])
  })

  test('reads on only when the next item is requested', async () => {
    const root = tree('lazy', { a: 1, b: 1, c: 1 })
    const meter = new Meter()
    const steps = (await Walk.from(root, meter))[Symbol.asyncIterator]()
    await steps.next()
    await new Promise(setImmediate)
    expect(meter.found).toBe(1)
    await steps.return(undefined)
  })

  test('that is stopped early finds nothing more, not even of a large file, and is not complete', async () => {
    const root = tree('stopped', { large: 10 << 20 })
    const walk = await Walk.from(root, new Meter())
    const found: string[] = []
    for await (const item of walk) {
      found.push(described(root, item))
      break
    }
    expect(found.length).toBe(1)
    expect(walk.isComplete).toBe(false)
  })

  test('that is not iterated can be closed, and keeps no folder open', async () => {
    const walk = await Walk.from(tree('closed', { file: 1 }), new Meter())
    await walk.close()
    const found: unknown[] = []
    for await (const item of walk) found.push(item)
    expect(found).toEqual([expect.objectContaining({ reason: expect.stringContaining('closed') })])
  })

  test('cannot begin at a missing path, or at one that is not a folder', async () => {
    const root = tree('wrong', { file: 1 })
    await expect(Walk.from(join(root, 'missing'), new Meter())).rejects.toThrow('ENOENT')
    await expect(Walk.from(join(root, 'file'), new Meter())).rejects.toThrow('ENOTDIR')
  })
})
