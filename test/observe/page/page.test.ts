import { setTimeout as sleep } from 'node:timers/promises'
import { consumer, createRuntime, producer, producerConsumer, type Runtime, start } from 'genstage'
import { type Observation, observe } from 'genstage/observe'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchChromium, NO_CHROMIUM } from '../../browser/chromium.ts'

const isThere = findChromium() !== undefined
if (!isThere) console.warn(`the live page is not tested: ${NO_CHROMIUM}`)

let browser: Browser | undefined
const open: (Observation | Page)[] = []
const errors: string[] = []

beforeAll(async () => {
  browser = await launchChromium()
}, 60_000)

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
  expect(errors.splice(0)).toEqual([])
})

afterAll(() => browser?.close())

async function look(runtime: Runtime): Promise<Page> {
  const observation = await observe({ runtime, port: 0, interval: 100 })
  open.push(observation)
  const page = (await browser?.newPage()) as Page
  open.push(page)
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(observation.url)
  return page
}

const Numbers = () => producer({ handleDemand: (demand) => Array.from({ length: demand }, (_, index) => index) })
const Same = () => producerConsumer({ handleEvents: (events: readonly number[]) => [...events] })
const Slow = () => consumer({ handleEvents: (events: readonly number[]) => sleep(20 * events.length) })

/** numbers ─> same ─> slow, running in real time. */
async function pipeline(runtime: Runtime) {
  const numbers = await start(Numbers(), { runtime, name: 'numbers' })
  const same = await start(Same(), { runtime, name: 'same' })
  const slow = await start(Slow(), { runtime, name: 'slow' })
  await slow.subscribe(same, { maxDemand: 4, cancel: 'temporary' })
  await same.subscribe(numbers, { maxDemand: 10, cancel: 'temporary' })
  return { numbers, same, slow }
}

const patient = { timeout: 20_000 }
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const nodeOf = (page: Page, name: string) => page.locator('#nodes [data-key]', { hasText: name })

describe.skipIf(!isThere)('the live page, in Chromium', { timeout: 90_000 }, () => {
  test('draws the graph that runs, and its numbers move', async () => {
    const runtime = createRuntime({ logger: quiet })
    const { numbers, same, slow } = await pipeline(runtime)
    const page = await look(runtime)
    for (const name of ['numbers', 'same', 'slow']) await nodeOf(page, name).waitFor()
    expect(await page.locator('#nodes [data-key]').count()).toBe(3)
    await expect.poll(() => page.locator('#edges path').count(), patient).toBeGreaterThanOrEqual(2)
    const places = await Promise.all(['numbers', 'same', 'slow'].map((name) => nodeOf(page, name).boundingBox()))
    const lefts = places.map((place) => place?.x ?? Number.NaN)
    expect(lefts).toEqual([...lefts].sort((one, other) => one - other))
    expect(await page.locator('#tree li').count()).toBe(3)

    const before = await nodeOf(page, 'slow').textContent()
    await expect.poll(() => nodeOf(page, 'slow').textContent(), patient).not.toBe(before)
    for (const stage of [slow, same, numbers]) await stage.stop()
  })

  test('shows a stage that was killed, and names the slow consumer', async () => {
    const runtime = createRuntime({ logger: quiet })
    const { numbers, same, slow } = await pipeline(runtime)
    const page = await look(runtime)
    await page.locator('#findings', { hasText: 'consumer slow' }).waitFor()
    slow.exit('kill')
    await page.locator('#nodes [data-state="ended"]', { hasText: 'slow' }).waitFor()
    for (const stage of [same, numbers]) await stage.stop()
  })

  test('opens the details of a stage by keyboard, with its state, and closes them', async () => {
    const runtime = createRuntime({ logger: quiet })
    const shown = consumer<number>({ handleEvents() {}, inspect: () => ({ cargo: 'apples' }) })
    const stage = await start(shown, { runtime, name: 'store' })
    const page = await look(runtime)
    await nodeOf(page, 'store').waitFor()
    await nodeOf(page, 'store').focus()
    await page.keyboard.press('Enter')
    await page.locator('#details', { hasText: 'apples' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('#details').waitFor({ state: 'hidden' })
    await stage.stop()
  })

  test('folds two hundred alike stages into a few', async () => {
    const runtime = createRuntime({ logger: quiet })
    const numbers = await start(Numbers(), { runtime, name: 'numbers' })
    for (let index = 0; index < 200; index++) {
      const worker = await start(Slow(), { runtime, name: `worker-${index}` })
      await worker.subscribe(numbers, { maxDemand: 1, minDemand: 0 })
    }
    const page = await look(runtime)
    await page.locator('#nodes [data-fold]', { hasText: '200' }).waitFor()
    expect(await page.locator('#nodes [data-key]').count()).toBeLessThan(10)
    await numbers.stop()
  })
})
