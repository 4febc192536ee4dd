import {
  broadcastDispatcher,
  consumer,
  createRuntime,
  createScope,
  producer,
  producerConsumer,
  type Scope,
  start,
} from 'genstage'
import { type Observation, observe } from 'genstage/observe'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { writePage } from '../../scripts/build-page.ts'
import { findChromium, launchChromium, NO_CHROMIUM } from '../browser/chromium.ts'

const isMissing = findChromium() === undefined
if (isMissing) console.warn(`test/observe/page.test.ts is skipped: ${NO_CHROMIUM}`)

/** Milliseconds: the machine may be busy with other things. */
const PATIENCE = 30_000
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

describe.skipIf(isMissing)('the live page, in a headless Chromium', { timeout: 4 * PATIENCE }, () => {
  let browser: Browser
  let page: Page
  let runtime: ReturnType<typeof createRuntime>
  let scope: Scope
  let observation: Observation
  const complaints: string[] = []

  beforeAll(async () => {
    await writePage()
    const launched = await launchChromium()
    if (launched === undefined) throw new Error(NO_CHROMIUM)
    browser = launched
  }, 120_000)

  afterAll(() => browser?.close())

  beforeEach(async () => {
    runtime = createRuntime({ logger: { debug() {}, info() {}, warn() {}, error() {} } })
    scope = createScope({ runtime })
    observation = await observe({ port: 0, runtime, interval: 100 })
    page = await browser.newPage({ viewport: { width: 1_400, height: 860 }, reducedMotion: 'reduce' })
    page.setDefaultTimeout(PATIENCE)
    complaints.length = 0
    page.on('pageerror', ({ message }) => complaints.push(message))
  })

  afterEach(async () => {
    await page.close()
    await observation.close()
    await scope[Symbol.asyncDispose]()
    expect(complaints).toEqual([])
  })

  /** Numbers, doubled, to all of a quick and a slow consumer. */
  async function startPipeline() {
    const numbers = await scope.startLink(
      producer({
        handleDemand: (demand) => Array.from({ length: demand }, () => 1),
        inspect: () => ({ made: 'many' }),
      }),
      { name: 'numbers' },
    )
    const doubled = await scope.startLink(
      producerConsumer({
        dispatcher: broadcastDispatcher(),
        handleEvents: (events: readonly number[]) => events.map((event) => event * 2),
      }),
      { name: 'doubled' },
    )
    const quick = await start(consumer({ handleEvents: (_events: readonly number[]) => {} }), {
      name: 'quick',
      runtime,
    })
    const slow = await scope.startLink(consumer({ handleEvents: (_events: readonly number[]) => sleep(200) }), {
      name: 'slow',
    })
    await quick.subscribe(doubled, { maxDemand: 20, cancel: 'temporary' })
    await slow.subscribe(doubled, { maxDemand: 20 })
    await doubled.subscribe(numbers, { maxDemand: 20 })
    return { quick }
  }

  /** The titles of the nodes, from left to right and from top to bottom. */
  const titles = () => page.locator('.card .title').allTextContents()
  const card = (title: string) => page.locator('.card', { has: page.locator('.title', { hasText: title }) })
  // Not by `waitForFunction`, which evaluates in the page, whose policy forbids that.
  const until = (expression: string) =>
    vi.waitFor(async () => expect(await page.evaluate(expression)).toBe(true), { timeout: PATIENCE, interval: 50 })

  test('draws a running pipeline, with numbers that move, and names the slow stage', async () => {
    await startPipeline()
    await page.goto(observation.url)
    await card('slow').waitFor()
    expect(await titles()).toEqual(['numbers', 'doubled', 'quick', 'slow'])
    const left = await Promise.all(
      ['numbers', 'doubled', 'slow'].map(async (title) => (await card(title).boundingBox())?.x ?? 0),
    )
    expect(left).toEqual([...left].sort((one, other) => one - other))
    expect(new Set(left).size).toBe(3)
    expect(await page.locator('.edge').count()).toBe(3)
    await until(`document.querySelectorAll('.edge[data-flowing]').length === 3`)
    await until(`Number.parseFloat(document.querySelector('.card .flow .number').textContent) > 0`)
    const curve = () => card('slow').locator('.sparkline .line').getAttribute('d')
    const before = await curve()
    await until(
      `(document.querySelectorAll('.sparkline .line')[3].getAttribute('d') ?? '') !== ${JSON.stringify(before)}`,
    )
    const slow = page.locator('.finding', { hasText: 'consumer slow' })
    await slow.first().waitFor()
    await slow.first().getByRole('button').click()
    await page.locator('#details h2', { hasText: 'consumer slow' }).waitFor()
    expect(await card('slow').getAttribute('aria-expanded')).toBe('true')
    // Nothing is supervised, and nothing repeats the names.
    expect(await page.locator('#supervision').isHidden()).toBe(true)
  })

  test('shows a stage that was killed as ended, with its edge', async () => {
    const { quick } = await startPipeline()
    await page.goto(observation.url)
    await card('quick').waitFor()
    quick.exit('kill')
    await page.locator('.card[data-state="ended"]').waitFor()
    expect(await page.locator('.card[data-state="ended"] .title').allTextContents()).toEqual(['quick'])
    expect(await page.locator('.edge[data-ended]').count()).toBe(1)
    expect(await page.locator('.totals').textContent()).toContain('stages3')
  })

  test('is used by keyboard alone', async () => {
    await startPipeline()
    await page.goto(observation.url)
    await card('slow').waitFor()
    const focused = () => page.evaluate(`document.querySelector('.card:focus .title')?.textContent`)
    for (let presses = 0; presses < 20 && (await focused()) !== 'numbers'; presses++) await page.keyboard.press('Tab')
    expect(await focused()).toBe('numbers')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(['quick', 'slow']).toContain(await focused())
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    expect(await focused()).toBe('numbers')
    const outline = `getComputedStyle(document.activeElement).outlineStyle`
    expect(await page.evaluate(outline)).toBe('solid')
    await page.keyboard.press('Enter')
    await page.locator('#details .user-state', { hasText: '"made": "many"' }).waitFor()
    expect(await page.locator('#details').textContent()).toContain('Consumers')
    expect(await focused()).toBe('numbers')
    await page.keyboard.press('Escape')
    await page.locator('#details').waitFor({ state: 'hidden' })
    expect(await focused()).toBe('numbers')
    const label = (await card('numbers').getAttribute('aria-label')) ?? ''
    expect(label).toMatch(/^producer numbers, \w+, .+ events per second, busy .+, \d+ messages? in the mailbox, /)
  })

  test('folds two hundred alike stages into one, and unfolds them', async () => {
    const source = await scope.startLink(producer({ handleDemand: () => [] }), { name: 'source' })
    for (let number = 0; number < 200; number++) {
      const worker = await scope.startLink(consumer({ handleEvents: (_events: readonly number[]) => {} }), {
        name: `worker ${number}`,
      })
      await worker.subscribe(source, { maxDemand: 10 })
    }
    await page.goto(observation.url)
    await card('worker #').waitFor()
    expect(await titles()).toEqual(['source', 'worker #'])
    expect(await card('worker #').locator('.content').textContent()).toBe('× 200')
    expect(await page.locator('.edge .demand').first().textContent()).toBe('2,000 asked')
    await card('worker #').click()
    await page.locator('#details .subscriptions li').nth(199).waitFor()
    await page.getByRole('button', { name: 'Unfold' }).click()
    await card('worker 199').waitFor()
    expect(await page.locator('.card').count()).toBe(201)
    const boxes = await page.evaluate(`[...document.querySelectorAll('.card')].map((card) => {
      const { left, right, top, bottom } = card.getBoundingClientRect()
      return { left, right, top, bottom }
    })`)
    expect(countOverlaps(boxes as readonly Box[])).toBe(0)
    await page.keyboard.press('f')
    await page.keyboard.press('f')
    await card('worker #').waitFor()
    expect(await titles()).toEqual(['source', 'worker #'])
  })

  test('survives a reload, and a restart of the program, which it shows', async () => {
    await startPipeline()
    await page.goto(observation.url)
    await card('numbers').click()
    await page.locator('#details h2', { hasText: 'producer numbers' }).waitFor()
    await sleep(1_500)
    await page.reload()
    await page.locator('#details h2', { hasText: 'producer numbers' }).waitFor()
    const points = await page.evaluate(`document.querySelector('.sparkline .line').getAttribute('d').split('L').length`)
    expect(points).toBeGreaterThan(10)
    const { port } = new URL(observation.url)
    await observation.close()
    await page.locator('.connection[data-state="lost"]').waitFor()
    const next = createRuntime()
    const nextScope = createScope({ runtime: next })
    await nextScope.startLink(producer({ handleDemand: () => [] }), { name: 'another' })
    observation = await observe({ port: Number(port), runtime: next, interval: 100 })
    await card('another').waitFor()
    expect(await titles()).toEqual(['another'])
    expect(await page.locator('.connection').textContent()).toBe('live, the program was started again')
    expect(await page.locator('#details').isHidden()).toBe(true)
    await nextScope[Symbol.asyncDispose]()
  })

  test('is legible in light and in dark', async () => {
    await startPipeline()
    await page.goto(observation.url)
    await page.locator('.finding').first().waitFor()
    await card('slow').click()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const ratios = (await page.evaluate(contrasts)) as readonly { readonly what: string; readonly ratio: number }[]
      expect(ratios.length).toBeGreaterThan(20)
      expect(ratios.filter(({ ratio }) => ratio < 4.5)).toEqual([])
      const ground = String(await page.evaluate(`getComputedStyle(document.body).backgroundColor`))
      const lightness = Math.max(...(ground.match(/\d+/g) ?? []).slice(0, 3).map(Number))
      expect(lightness > 128 ? 'light' : 'dark').toBe(colorScheme)
    }
  })

  test('knows the token by which it was opened', async () => {
    await observation.close()
    const token = 'a-token-of-our-own-1234'
    observation = await observe({ port: 0, runtime, interval: 100, token })
    await startPipeline()
    await page.goto(`${observation.url}?token=${token}`)
    await card('numbers').click()
    await page.locator('#details .user-state', { hasText: 'made' }).waitFor()
  })
})

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

function countOverlaps(boxes: readonly Box[]): number {
  let count = 0
  for (const [index, one] of boxes.entries()) {
    for (const other of boxes.slice(index + 1)) {
      const isApart =
        one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top
      if (!isApart) count++
    }
  }
  return count
}

/** Runs in the page: the contrast of each text with its background, as WCAG computes it. */
const contrasts = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (color) => {
    const [r, g, b] = rgba(color).map((part) => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const background = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor
      if (rgba(color)[3] === 255) return color
    }
    return 'white'
  }
  const texts = [...document.querySelectorAll('body *')].filter((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
    return own && element.checkVisibility({ visibilityProperty: true }) && !element.closest('script, style, [data-over]')
  })
  return texts.map((element) => {
    const style = getComputedStyle(element)
    const isDrawn = element instanceof SVGElement
    const one = luminance(isDrawn ? style.fill : style.color)
    const other = luminance(isDrawn ? style.stroke : background(element))
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    return { what: element.textContent.slice(0, 30), ratio: Math.round(ratio * 100) / 100 }
  })
})()`
