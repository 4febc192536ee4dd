import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readProject } from './project-file.ts'
import { countWords, wordsAllowed, wordsLeftPath } from './word-rules.ts'

// Files may be moved and split, so one number may rise where another falls; together they must not rise.
const root = new URL('../..', import.meta.url)
const files = readProject(fileURLToPath(root))
const former = sum(wordsAllowed(files))
const counts = Object.fromEntries(countWords(files).map(([path, found]) => [path, found.length]))
if (former > 0 && sum(counts) > former) {
  console.error(`${sum(counts)} words that docs/style.md refuses, ${former} before: replace those that are new`)
  process.exitCode = 1
} else {
  writeFileSync(new URL(wordsLeftPath, root), `${JSON.stringify(counts, null, 2)}\n`)
  console.log(`${sum(counts)} words left in ${Object.keys(counts).length} files, ${former} before`)
}

function sum(table: Readonly<Record<string, number>>): number {
  return Object.values(table).reduce((total, count) => total + count, 0)
}
