import type { Browser } from 'playwright-core'
import { importMap } from '../runtimes/build.ts'
import { type Site, serve } from './site.ts'

/** Serves a build of the package, with a page that maps its names. */
export function serveBuild(folder: string): Promise<Site> {
  const page = `<!doctype html><title>genstage</title><script type="importmap">${importMap()}</script>`
  return serve(page, folder)
}

/** Runs one area's program in a new page; rejects if it fails, or never prints `ok`. */
export async function tryArea(browser: Browser, site: Site, name: string): Promise<void> {
  const page = await browser.newPage()
  try {
    const lines: string[] = []
    const uncaught: Error[] = []
    page.on('console', (message) => lines.push(message.text()))
    page.on('pageerror', (error) => uncaught.push(error))
    await page.goto(site.url)
    await page.evaluate(`import('/${name}.js').then(() => {})`)
    if (uncaught.length > 0) throw new AggregateError(uncaught, `${name} has left errors uncaught`)
    if (lines.at(-1) !== 'ok') throw new Error(`expected ${name} to print ok, got: ${lines.join('\n')}`)
  } finally {
    await page.close()
  }
}
