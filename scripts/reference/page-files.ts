import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { apiFolder, root } from './entry-points.ts'

/** Pages by their paths, relative to the project's root. */
export type Pages = ReadonlyMap<string, string>

/** The pages under `docs/reference/api/` that are there. */
export function pagesThere(): string[] {
  if (!existsSync(root + apiFolder)) return []
  return readdirSync(root + apiFolder, { recursive: true, encoding: 'utf8' })
    .map((path) => `${apiFolder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md'))
    .sort()
}

/** Writes all pages, and removes those of what is exported no longer. */
export function writePages(pages: Pages): void {
  for (const path of pagesThere()) if (!pages.has(path)) rmSync(root + path)
  for (const [path, text] of pages) {
    mkdirSync(dirname(root + path), { recursive: true })
    writeFileSync(root + path, text)
  }
}

/** Says of each page whether it is up to date, and makes the program fail where one is not. */
export function checkPages(pages: Pages): void {
  const complaints = [
    ...pagesThere()
      .filter((path) => !pages.has(path))
      .map((path) => `${path} describes what is not exported`),
    ...[...pages].flatMap(([path, text]) => {
      if (!existsSync(root + path)) return `${path} is missing`
      return readFileSync(root + path, 'utf8') === text ? [] : `${path} is not up to date`
    }),
  ]
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length === 0) return
  console.error('Run `npm run docs`, and commit what it writes.')
  process.exitCode = 1
}
