import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const sources = new URL('../src/observe/page/', import.meta.url)

/** Where the page is, from the root of the project: what `#page` is in package.json. */
export const pagePath = 'dist/observe/page.js'

/** The live page as one file that needs no other: its script bundled, its styles put into it. */
export async function buildPage(): Promise<string> {
  const [script, styles] = await Promise.all([bundled('main.ts'), bundled('page.css')])
  const page = readFileSync(new URL('page.html', sources), 'utf8')
  // By functions, or a `$` in what is put in would mean something.
  return page.replace('/* styles */', () => styles).replace('/* script */', () => script)
}

/** Builds the page, and writes the module from which the server imports it as a string. */
export async function writePage(): Promise<void> {
  const page = `export const page = ${JSON.stringify(await buildPage())}\n`
  const path = fileURLToPath(new URL(`../${pagePath}`, import.meta.url))
  mkdirSync(fileURLToPath(new URL('.', new URL(`../${pagePath}`, import.meta.url))), { recursive: true })
  // Renamed at the end, so that a reader gets either the old file or the new one, never a part of it.
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, page)
  renameSync(temporary, path)
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, sources))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
  })
  const text = outputFiles[0]?.text ?? ''
  if (/<\/(script|style)/i.test(text))
    throw new Error(`${entry} contains the end tag of the element that it is inserted into`)
  return text.trim()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writePage()
