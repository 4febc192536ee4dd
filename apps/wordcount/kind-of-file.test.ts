import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hasGeneratedName, headSize, kindOfHead } from './kind-of-file.ts'

const head = (text: string) => Buffer.from(text).subarray(0, headSize)

describe('a file has a generated name if it is', () => {
  test.each(['a.js.map', 'a.d.ts.map', 'app.min.js', 'a.min.css', 'yarn.lock', 'package-lock.json', 'pnpm-lock.yaml'])(
    '%s',
    (name) => expect(hasGeneratedName(Buffer.from(`some/folder/${name}`))).toBe(true),
  )

  test.each(['README', 'a.js', 'map', 'min.js', 'map.md', 'lock.ts', 'dead-lock.md', 'a.map/index.js', 'x.min.js/a'])(
    'and not %s',
    (name) => expect(hasGeneratedName(Buffer.from(`some/folder/${name}`))).toBe(false),
  )
})

describe('by its first bytes a file is', () => {
  test('a text if a person wrote it: prose, code, a licence, a paragraph on one line', () => {
    for (const path of [
      'README.md',
      'LICENSE',
      'src/stage/kinds/stage-behaviour.ts',
      'package.json',
      'src/observe/page/page.css',
    ]) {
      expect(kindOfHead(head(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))), path).toBe('text')
    }
    expect(kindOfHead(head('A paragraph that goes on and on, without a line break. '.repeat(500)))).toBe('text')
    expect(kindOfHead(head(''))).toBe('text')
    expect(kindOfHead(head('漢字かな交じり文'.repeat(500)))).toBe('text')
  })

  test('a text if it is short, however long a name in it', () => {
    expect(kindOfHead(head(`export * from './${'aRatherLongNameOfAFile'.repeat(5)}'\n`))).toBe('text')
  })

  test('generated if it has hardly any blanks', () => {
    const minified = 'function n(e,t){return e.map(n=>t(n)).filter(Boolean)}const r=n([1,2],e=>e+1);'
    expect(kindOfHead(head(minified.repeat(50)))).toBe('generated')
    expect(kindOfHead(head('AACA,SAAS;CAAC,'.repeat(100)))).toBe('generated')
    expect(kindOfHead(head(`${'QmFzZTY0'.repeat(9)}\n`.repeat(50)))).toBe('generated')
  })

  test('binary if it has a NUL byte', () => {
    expect(kindOfHead(head('some text\0and more'))).toBe('binary')
  })
})
