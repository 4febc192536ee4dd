import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { apiFolder, root } from './entry-points.ts'

/** Pages by their paths, relative to the project's root. */
export type Pages = ReadonlyMap<string, string>

/** The existing pages under `docs/reference/api/`. */
export function existingPages(): string[] {
  if (!existsSync(root + apiFolder)) return []
  return readdirSync(root + apiFolder, { recursive: true, encoding: 'utf8' })
    .map((path) => `${apiFolder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md'))
    .sort()
}

/** Writes all pages, and removes pages of exports that no longer exist. */
export function writePages(pages: Pages): void {
  for (const path of existingPages()) if (!pages.has(path)) rmSync(root + path)
  for (const [path, text] of pages) {
    mkdirSync(dirname(root + path), { recursive: true })
    writeFileSync(root + path, text)
  }
}

/** Prints the pages that are not up to date, and makes the program fail if there are any. */
export function checkPages(pages: Pages): void {
  const complaints = [
    ...existingPages()
      .filter((path) => !pages.has(path))
      .map((path) => `${path} describes something that is not exported`),
    ...[...pages].flatMap(([path, text]) => {
      if (!existsSync(root + path)) return `${path} is missing`
      return readFileSync(root + path, 'utf8') === text ? [] : `${path} is not up to date`
    }),
  ]
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length === 0) return
  console.error('Run `npm run docs`, and commit the pages it writes.')
  process.exitCode = 1
}
