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

/** Builds the page, and writes it as a module that exports it as a string, from which the server imports it. */
export async function writePage(): Promise<void> {
  const page = `export const page = ${JSON.stringify(await buildPage())}\n`
  const path = fileURLToPath(new URL(`../${pagePath}`, import.meta.url))
  mkdirSync(fileURLToPath(new URL('.', new URL(`../${pagePath}`, import.meta.url))), { recursive: true })
  // A process that reads it at the same time gets the old file or the new one, and not partial of it.
  const partial = `${path}.${process.pid}`
  writeFileSync(partial, page)
  renameSync(partial, path)
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
  if (/<\/(script|style)/i.test(text)) throw new Error(`${entry} holds the end of the element that it stands in`)
  return text.trim()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writePage()
