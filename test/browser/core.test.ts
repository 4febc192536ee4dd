import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { areas, buildInto } from '../runtimes/build.ts'
import { findChromium, launchChromium, NO_CHROMIUM } from './chromium.ts'
import type { Site } from './site.ts'
import { serveBuild, tryArea } from './try-area.ts'

const isMissing = findChromium() === undefined
if (isMissing) console.warn(`test/browser is skipped: ${NO_CHROMIUM}`)

describe.skipIf(isMissing)('in a headless Chromium', () => {
  let folder: string
  let site: Site
  let browser: Browser

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'genstage-browser-'))
    await buildInto(folder)
    site = await serveBuild(folder)
    const launched = await launchChromium()
    if (launched === undefined) throw new Error(NO_CHROMIUM)
    browser = launched
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await site?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(areas.filter(({ needsNode }) => needsNode !== true))(
    'the built package works as documented: $name',
    ({ name }) => tryArea(browser, site, name),
    60_000,
  )

  test('an unhandled failure is reported as uncaught in the page', async () => {
    const page = await browser.newPage()
    const uncaught = new Promise<Error>((resolve) => {
      page.once('pageerror', resolve)
    })
    await page.goto(site.url)
    await page.evaluate(`import('genstage').then(async ({ fromIterable, consumer, startLink }) => {
      const handleEvents = () => { throw new Error('broken') }
      const sink = await startLink(consumer({ handleEvents }))
      await sink.subscribe(await startLink(fromIterable([1])))
    })`)
    const failure = await uncaught
    expect(failure.name).toBe('StageFailure')
    expect(failure.message).toContain('broken')
    await page.close()
  })
})
