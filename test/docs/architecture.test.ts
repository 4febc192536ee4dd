import ts from 'typescript'
import { expect, test } from 'vitest'
import { parse } from '../tidy/syntax.ts'
import { unknownWordsIn } from './code-words.ts'
import { documentText, projectFiles, prose, sources } from './documents.ts'

// ARCHITECTURE.md names what it speaks of as [`symbol`](file) or [`Class.member`](file); and by itself in `code`.
const page = prose(documentText('ARCHITECTURE.md'))

interface Named {
  readonly symbol: string
  readonly file: string
}

const named: readonly Named[] = [...page.matchAll(/\[`([^`]+)`\]\(([^)]+)\)/g)].map(([, symbol = '', file = '']) => ({
  symbol,
  file,
}))

/** All that a file declares at its top, and the members of its classes and interfaces as `Class.member`. */
function declaredIn(path: string): Set<string> {
  const names = new Set<string>()
  for (const statement of parse({ path, text: projectFiles.get(path) ?? '' }).statements) {
    for (const node of ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement]) {
      const name = (node as { name?: ts.Node }).name?.getText()
      if (name === undefined) continue
      names.add(name)
      if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) continue
      for (const { name: member } of node.members) if (member !== undefined) names.add(`${name}.${member.getText()}`)
    }
  }
  return names
}

test('every symbol that ARCHITECTURE.md names is declared in the file it names beside', () => {
  const missing = named.filter(({ symbol, file }) => !file.endsWith(`/${symbol}`) && !declaredIn(file).has(symbol))
  expect(missing).toEqual([])
  expect(named.length).toBeGreaterThan(50)
})

test('every file and folder that it names exists', () => {
  const folders = [...page.matchAll(/`([\w./-]+\/)`/g)].map(([, folder = '']) => folder)
  const isThere = (path: string): boolean => [...projectFiles.keys()].some((file) => file.startsWith(path))
  expect(named.map(({ file }) => file).filter((file) => !projectFiles.has(file))).toEqual([])
  expect(folders.filter((folder) => !isThere(folder))).toEqual([])
})

test('every folder of the sources is in its table of layers', () => {
  const folders = new Set(sources.flatMap(({ path }) => /^src\/\w+\//.exec(path)?.[0] ?? []))
  expect([...folders].filter((folder) => !page.includes(`\n| \`${folder}\` |`))).toEqual([])
})

test('every other word of code that it uses is one of the sources', () => {
  const spans = [...page.replaceAll(/\[`[^`]+`\]/g, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
  const words = spans.filter((span) => !span.includes('/') && !span.includes('.') && !span.startsWith('#'))
  expect(unknownWordsIn(words)).toEqual([])
})

test('it is one page', () => {
  expect(documentText('ARCHITECTURE.md').split('\n').length).toBeLessThan(100)
})
