import { describe, expect, test } from 'vitest'
import { Mailbox } from '../../src/process/mailbox/mailbox.ts'

/** More than fit into the slots of a mailbox, so that there is an overflow. */
const MANY = 3_000

/** An entry: what was sent, and to which target. */
type Entry = readonly [target: object | undefined, body: unknown]

/** Every third entry is a message, which has no target. */
const entryOf = (index: number): Entry => [index % 3 === 0 ? undefined : { of: index }, index]

function shift(mailbox: Mailbox): Entry {
  const target = mailbox.nextTarget
  return [target, mailbox.shift()]
}

function contentsOf(mailbox: Mailbox): Entry[] {
  const entries: Entry[] = []
  mailbox.forEach((target, body) => void entries.push([target, body]))
  return entries
}

describe('a mailbox', () => {
  test.each([1, 8, 9, 512, 513, MANY])('of %i entries returns them in order, each with its target', (count) => {
    const mailbox = new Mailbox()
    const entries = Array.from({ length: count }, (_, index) => entryOf(index))
    for (const [target, body] of entries) mailbox.push(target, body)
    expect(mailbox.length).toBe(count)
    expect(contentsOf(mailbox)).toEqual(entries)
    expect(entries.map(() => shift(mailbox))).toEqual(entries)
    expect(mailbox.length).toBe(0)
    expect(shift(mailbox)).toEqual([undefined, undefined])
  })

  test('keeps the order while it grows, overflows and runs empty', () => {
    const mailbox = new Mailbox()
    const expected: Entry[] = []
    let pushed = 0
    const push = (count: number): void => {
      for (let left = count; left > 0; left--) {
        const entry = entryOf(pushed++)
        expected.push(entry)
        mailbox.push(...entry)
      }
    }
    const take = (count: number): void => {
      for (let left = count; left > 0; left--) expect(shift(mailbox)).toEqual(expected.shift())
      expect(mailbox.length).toBe(expected.length)
    }
    for (const [more, less] of [
      [5, 3],
      [20, 21],
      [600, 90],
      [700, 500],
      [1, 600],
      [2_000, 1_500],
      [9, 621],
    ] as const) {
      push(more)
      take(less)
      expect(contentsOf(mailbox)).toEqual(expected)
    }
    expect(mailbox.length).toBe(0)
  })

  test('reports that it has become long, once', () => {
    const lengths: number[] = []
    const mailbox = new Mailbox((length) => lengths.push(length))
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 12_000; index++) mailbox.push(...entryOf(index))
      while (mailbox.length > 0) mailbox.shift()
    }
    expect(lengths).toEqual([10_000])
  })

  test('that is cleared is empty, and can be used again', () => {
    const mailbox = new Mailbox()
    for (let index = 0; index < MANY; index++) mailbox.push(...entryOf(index))
    mailbox.clear()
    expect(mailbox.length).toBe(0)
    expect(contentsOf(mailbox)).toEqual([])
    mailbox.push(undefined, 'again')
    expect(shift(mailbox)).toEqual([undefined, 'again'])
  })
})
