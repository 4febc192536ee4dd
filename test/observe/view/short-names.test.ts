import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differencesOf, shortened } from '../../../src/observe/view/short-names.ts'

/** All names, each cut to so many characters. */
function cut(names: readonly string[], most: number): string[] {
  const differences = differencesOf(names)
  return names.map((name) => shortened(name, differences.get(name), (text) => text.length <= most))
}

describe('a name that is too long', () => {
  test('is cut in the middle', () => {
    expect(cut(['a-name-that-is-long'], 11)).toEqual(['a-nam…-long'])
  })

  test('is whole where it fits', () => {
    expect(cut(['orders', 'payments'], 8)).toEqual(['orders', 'payments'])
  })

  test('keeps what it differs by: at the end, at the begin, and in the middle', () => {
    expect(cut(['warehouse-import-worker-17', 'warehouse-import-worker-18'], 12)).toEqual([
      'wareho…er-17',
      'wareho…er-18',
    ])
    expect(cut(['eu-warehouse-import-worker', 'us-warehouse-import-worker'], 12)).toEqual([
      'eu-war…orker',
      'us-war…orker',
    ])
    const middle = ['warehouse-import-17-of-the-late-shift', 'warehouse-import-18-of-the-late-shift']
    expect(cut(middle, 12)).toEqual(['ware…17…hift', 'ware…18…hift'])
  })

  test('keeps the difference alone where there is room for no more', () => {
    expect(cut(['orders-north-validate', 'orders-south-validate'], 6)).toEqual(['north…', 'south…'])
  })

  test('has the words of a long difference cut alike', () => {
    const names = ['eu-west', 'eu-north', 'us-east'].flatMap((region) =>
      ['alpha', 'bravo'].map((word) => `orders-${region}-${word}-validate`),
    )
    expect(cut(names, 9)[0]).toBe('eu-we-al')
    expect(new Set(cut(names, 9)).size).toBe(6)
  })

  test('is as long as it may be, and no longer', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ maxLength: 40 }), { maxLength: 8 }),
        fc.integer({ min: 3, max: 30 }),
        (names, most) => {
          for (const [index, text] of cut(names, most).entries()) {
            const name = names[index]!
            expect(text.length).toBeLessThanOrEqual(Math.max(most, 3))
            if (name.length <= most) expect(text).toBe(name)
          }
        },
      ),
    )
  })

  test('is unlike the others', () => {
    const names = ['eu-west', 'eu-north', 'us-east', 'us-west'].flatMap((region) =>
      Array.from({ length: 20 }, (_, number) => `orders-${region}-worker-${number + 10}-validate`),
    )
    expect(new Set(cut(names, 18)).size).toBe(80)
  })
})
