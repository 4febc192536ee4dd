import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { describe, expect, test } from 'vitest'
import { documents, projectFiles, prose } from './documents.ts'

interface Link {
  readonly target: string
  readonly line: number
}

/** The links of a document, written as `[text](target)`. */
function linksOf(text: string): Link[] {
  return prose(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => ({ target, line: index + 1 })),
    )
}

/** The anchors that a document has, as GitHub and most renderers make them of its headings. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let again = 1; anchors.has(unique); again++) unique = `${anchor}-${again}`
    anchors.add(unique)
  }
  return anchors
}

/** What is wrong with a link in the document at `path`; undefined where it leads somewhere. */
function complaintOf(path: string, { target, line }: Link): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined
  const [file = '', anchor] = target.split('#')
  const found = file === '' ? path : normalize(join(dirname(path), file))
  const text = projectFiles.get(found)
  const isFolder = [...projectFiles.keys()].some((other) => other.startsWith(found.replace(/\/?$/, '/')))
  const isPicture = found.endsWith('.png') && existsSync(new URL(`../../${found}`, import.meta.url))
  if (text === undefined && !isFolder && !isPicture) return `${path}:${line}: there is no ${found}`
  if (anchor === undefined || anchorsOf(text ?? '').has(anchor)) return undefined
  return `${path}:${line}: ${found} has no heading for #${anchor}`
}

describe('links between documents lead somewhere', () => {
  test.each(documents.map(({ path, text }) => ({ path, text })))('in $path', ({ path, text }) => {
    expect(linksOf(text).flatMap((link) => complaintOf(path, link) ?? [])).toEqual([])
  })

  test('or the broken ones are named', () => {
    const text = '# One, `two`\n[a](#one-two) [b](#three)\n```text\n[c](nowhere.md)\n```\n[d](nowhere.md)'
    const [, ...wrong] = linksOf(text).map((link) => complaintOf('README.md', link))
    expect(wrong).toEqual(['README.md:2: README.md has no heading for #three', 'README.md:6: there is no nowhere.md'])
    expect([...anchorsOf(text)]).toEqual(['one-two'])
  })
})
