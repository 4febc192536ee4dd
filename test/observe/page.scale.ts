import {
  consumer,
  consumerSupervisor,
  createRuntime,
  createScope,
  named,
  type ProducerRef,
  producer,
  producerConsumer,
  type Scope,
  supervisor,
} from 'genstage'
import { type Observation, observe } from 'genstage/observe'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { writePage } from '../../scripts/build-page.ts'
import { findChromium, launchChromium, NO_CHROMIUM } from '../browser/chromium.ts'

const isMissing = findChromium() === undefined
if (isMissing) console.warn(`test/observe/page.scale.ts is skipped: ${NO_CHROMIUM}`)

/** Milliseconds: the machine may be busy with other things. */
const PATIENCE = 30_000
const words = ['alpha', 'bravo', 'carol', 'delta', 'early', 'fjord', 'gamma', 'hotel', 'india', 'julia', 'kilos']
const regions = ['eu-west', 'eu-north', 'us-east', 'us-west', 'ap-south']
/** Names that differ in their middle. */
const nameOf = (index: number) =>
  `orders-${regions[index % 5]}-${words[index % 11]}-${words[Math.floor(index / 11) % 11]}${'x'.repeat(Math.floor(index / 121))}-validate`

describe.skipIf(isMissing)('the live page, in a headless Chromium, with many stages', { timeout: 4 * PATIENCE }, () => {
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
    observation = await observe({ port: 0, runtime, interval: 200 })
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

  const idle = () => producer({ handleDemand: () => [] })
  const pass = () => producerConsumer({ handleEvents: (events: readonly number[]) => events })
  const sink = () => consumer({ handleEvents: (_events: readonly number[]) => {} })
  const card = (title: string) => page.locator('.card', { has: page.locator('.title', { hasText: title }) })
  const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: PATIENCE, interval: 50 })
  const boxOf = (selector: string) =>
    page
      .locator(selector)
      .first()
      .boundingBox()
      .then((box) => box as Box)
  const cameraOf = async (): Promise<Camera> => {
    const [x, y, scale] = ((await page.locator('#nodes').getAttribute('style')) ?? '').match(/-?[\d.]+(?=px|\))/g) ?? []
    return { x: Number(x), y: Number(y), scale: Number(scale) }
  }

  /** A source, workers with names of their own, and a sink. */
  async function startFan(count: number) {
    const source = await scope.startLink(idle(), { name: 'source' })
    const last = await scope.startLink(sink(), { name: 'warehouse' })
    for (let index = 0; index < count - 2; index++) {
      const worker = await scope.startLink(pass(), { name: nameOf(index) })
      await last.subscribe(worker, { maxDemand: 10 })
      await worker.subscribe(source, { maxDemand: 10 })
    }
  }

  test.each([
    [1_400, 860],
    [800, 700],
  ])('fits 64 stages into %d × %d, and their names can be distinguished', async (width, height) => {
    await page.setViewportSize({ width, height })
    await startFan(64)
    await page.goto(observation.url)
    await page.locator('.card').nth(63).waitFor()
    const graph = await boxOf('#graph')
    const boxes = (await page.evaluate(allBoxes)) as readonly Box[]
    expect(boxes).toHaveLength(64)
    for (const box of boxes) expect(isWithin(box, graph)).toBe(true)
    expect(countOverlaps(boxes)).toBe(0)
    const titles = await page.locator('.card .title').allTextContents()
    expect(new Set(titles).size).toBe(64)
    // Names are seen in the size that their room was measured with: 11 px for nodes at least 72 px wide.
    const { scale } = await cameraOf()
    const size = await page.evaluate(`parseFloat(getComputedStyle(document.querySelector('.card .title')).fontSize)`)
    expect(Number(size) * scale).toBeCloseTo(11, 1)
    // Nothing of a name is cut off by the edge of its card.
    expect(
      await page.evaluate(`[...document.querySelectorAll('.card .title')].filter((title) => {
      const [inner, outer] = [title, title.closest('.card')].map((element) => element.getBoundingClientRect())
      return inner.bottom > outer.bottom + 1 || title.scrollWidth > title.clientWidth + 1
    }).length`),
    ).toBe(0)
  })

  test('is zoomed and moved by wheel, pinch, drag, keys and buttons, and fits again', async () => {
    await startFan(64)
    await page.goto(observation.url)
    await page.locator('.card').nth(63).waitFor()
    const fitted = await cameraOf()
    expect(await page.locator('#graph').getAttribute('data-detail')).toBe('name')
    const graph = await boxOf('#graph')
    const at = { x: graph.x + 400, y: graph.y + 300 }
    const placeAt = ({ x, y, scale }: Camera) => [(400 - x) / scale, (300 - y) / scale].map(Math.round)
    await page.mouse.move(at.x, at.y)
    await page.mouse.wheel(0, -300)
    await eventually(async () => expect((await cameraOf()).scale).toBeGreaterThan(fitted.scale * 1.3))
    expect(placeAt(await cameraOf())).toEqual(placeAt(fitted))
    // A pinch on a touchpad comes as a wheel with Ctrl.
    const wheeled = await cameraOf()
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -40)
    await page.keyboard.up('Control')
    await eventually(async () => expect((await cameraOf()).scale).toBeGreaterThan(wheeled.scale * 1.3))
    expect(await page.locator('#graph').getAttribute('data-detail')).toBe('card')
    const before = await cameraOf()
    await page.mouse.down()
    await page.mouse.move(at.x - 60, at.y - 40, { steps: 5 })
    await page.mouse.up()
    await eventually(async () => {
      const { x, y } = await cameraOf()
      expect(Math.hypot(x - before.x + 60, y - before.y + 40)).toBeLessThan(6)
    })
    expect(await page.locator('#details').isHidden()).toBe(true)
    const dragged = await cameraOf()
    await page.keyboard.press('ArrowRight')
    await eventually(async () => expect((await cameraOf()).x).toBeLessThan(dragged.x - 50))
    await page.keyboard.press('-')
    await eventually(async () => expect((await cameraOf()).scale).toBeLessThan(dragged.scale))
    await page.keyboard.press('0')
    await eventually(async () => expect(await cameraOf()).toEqual(fitted))
    await page.locator('#zoom-in').click()
    await eventually(async () => expect((await cameraOf()).scale).toBeGreaterThan(fitted.scale))
    await page.reload()
    await page.locator('.card').nth(10).waitFor()
    expect((await cameraOf()).scale).toBeGreaterThan(fitted.scale)
    await page.locator('#zoom-fit').click()
    await eventually(async () => expect(await cameraOf()).toEqual(fitted))
  })

  test('brings a node into sight that the keyboard comes to', async () => {
    await startFan(64)
    await page.goto(observation.url)
    await card('warehouse').waitFor()
    await card('source').focus()
    for (let step = 0; step < 8; step++) await page.keyboard.press('+')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    const graph = await boxOf('#graph')
    await eventually(async () => {
      expect(await page.evaluate(`document.activeElement.querySelector('.title').textContent`)).toBe('warehouse')
      expect(isWithin(await boxOf('.card:focus'), graph)).toBe(true)
    })
  })

  test('opens and closes a unit', async () => {
    await scope.startLink(
      supervisor({
        strategy: 'rest-for-one',
        children: [
          { name: 'numbers', start: idle },
          { id: 'writer', start: sink },
          { name: 'pool', start: () => consumerSupervisor({ child: () => new Promise<void>(() => {}) }) },
        ],
      }),
      { name: 'shop' },
    )
    const audit = await scope.startLink(sink(), { name: 'audit' })
    await audit.subscribe(named<ProducerRef<number>>('numbers', { runtime }))
    await page.goto(observation.url)
    const titles = async () => (await page.locator('.card .title').allTextContents()).sort()
    await card('writer').waitFor()
    expect(await titles()).toEqual(['audit', 'numbers', 'pool', 'writer'])
    expect(await page.locator('.group .title').allTextContents()).toEqual(['shop'])
    const group = await boxOf('.group')
    for (const title of ['numbers', 'writer', 'pool']) {
      expect(isWithin((await card(title).boundingBox()) as Box, group)).toBe(true)
    }
    expect(isWithin((await card('audit').boundingBox()) as Box, group)).toBe(false)
    await page.getByRole('button', { name: 'Fold supervisor shop into one box' }).click()
    await card('shop').waitFor()
    expect(await titles()).toEqual(['audit', 'shop'])
    expect(await card('shop').locator('.content').textContent()).toBe('3 parts')
    expect(await page.locator('.edge').count()).toBe(1)
    // By the keyboard: the box has the focus.
    await page.keyboard.press('o')
    await card('writer').waitFor()
    await card('writer').focus()
    await page.keyboard.press('o')
    await card('shop').waitFor()
    // By its details.
    await card('shop').click()
    await page.locator('#details h2', { hasText: 'supervisor shop' }).waitFor()
    expect(await page.locator('#details').textContent()).toContain('consumer shop › writer')
    await page.getByRole('button', { name: 'Open unit' }).click()
    await card('writer').waitFor()
    // What the user has closed is closed after a reload.
    await page.getByRole('button', { name: 'Close unit' }).click()
    await page.reload()
    await card('shop').waitFor()
    expect(await titles()).toEqual(['audit', 'shop'])
  })

  test('has a panel for the supervision tree where there is one, and lets it go', async () => {
    await scope.startLink(sink(), { name: 'alone' })
    await page.goto(observation.url)
    await card('alone').waitFor()
    const whole = await boxOf('#graph')
    expect(whole.width).toBe(1_400)
    expect(await page.locator('#show-tree').isHidden()).toBe(true)
    await scope.startLink(supervisor({ strategy: 'one-for-one', children: [{ name: 'printer', start: sink }] }))
    await page.locator('#tree', { hasText: 'consumer printer' }).waitFor()
    expect(await page.locator('#tree').textContent()).not.toContain('alone')
    expect((await boxOf('#graph')).width).toBeLessThan(1_400)
    await page.locator('#show-tree').click()
    await eventually(async () => expect((await boxOf('#graph')).width).toBe(1_400))
  })

  test('shows the details below the graph where the window is narrow', async () => {
    await page.setViewportSize({ width: 800, height: 700 })
    await startFan(5)
    await scope.startLink(supervisor({ strategy: 'one-for-one', children: [{ name: 'printer', start: sink }] }))
    await page.goto(observation.url)
    await card('warehouse').waitFor()
    expect(await page.locator('#supervision').isHidden()).toBe(true)
    for (const button of ['#show-tree', '.card']) {
      await page.locator(button).first().click()
      await page.locator('#side').waitFor()
      const [graph, side] = [await boxOf('#graph'), await boxOf('#side')]
      expect(graph.width).toBe(800)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800)
      expect(isWithin(await boxOf('#zoom-in'), await boxOf('.bar'))).toBe(true)
      expect(side.y).toBeGreaterThanOrEqual(graph.y + graph.height)
      expect(side.y + side.height).toBeLessThanOrEqual(700)
      expect(graph.height).toBeGreaterThan(200)
    }
    for (const box of (await page.evaluate(allBoxes)) as readonly Box[]) {
      expect(isWithin(box, await boxOf('#graph'))).toBe(true)
    }
  })

  test('has all findings to be scrolled to', async () => {
    for (const word of words.slice(0, 5)) {
      const leaking = producer(({ sendAfter }) => {
        sendAfter('tick', 0)
        return {
          bufferSize: 2,
          handleDemand: () => [],
          handleInfo() {
            sendAfter('tick', 100)
            return [1, 2, 3, 4, 5]
          },
        }
      })
      await scope.startLink(leaking, { name: `a-feed-whose-name-makes-its-finding-longer-than-a-line-${word}` })
    }
    await page.goto(observation.url)
    await page.locator('.finding').nth(4).waitFor()
    const list = await boxOf('#findings')
    expect(list.height).toBeLessThan(100)
    for (const finding of await page.locator('.finding').all()) {
      await finding.scrollIntoViewIfNeeded()
      const box = (await finding.boundingBox()) as Box
      expect(box.y).toBeGreaterThanOrEqual(list.y - 1)
      expect(Math.min(box.y + box.height, box.y + 20)).toBeLessThanOrEqual(list.y + list.height + 1)
    }
    expect(Number(await page.locator('#doctor-count').textContent())).toBeGreaterThanOrEqual(5)
  })

  test('opens with 2,000 stages within two seconds, and moves at ten frames a second', async () => {
    await observation.close()
    await startFan(2_000)
    observation = await observe({ port: 0, runtime })
    // Time that the page itself takes: on a machine that is busy with other things seconds prove little.
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    const taken = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics')
      return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000
    }
    const openedAt = performance.now()
    await page.goto(observation.url)
    await page.locator('#graph[data-detail="mark"]').waitFor()
    await page.locator('#totals', { hasText: '2,000' }).waitFor()
    const opening = { clock: performance.now() - openedAt, own: await taken() }
    expect(await page.evaluate(isDrawn)).toBe(true)
    const graph = await boxOf('#graph')
    const frames: { clock: number; own: number }[] = []
    for (const scale of [1, 3, 12]) {
      await page.keyboard.press('0')
      await page.mouse.move(graph.x + 500, graph.y + 300)
      await page.mouse.wheel(0, -Math.log(scale) / 0.0016)
      await page.mouse.down()
      await page.evaluate(countFrames)
      const [before, since] = [await taken(), performance.now()]
      for (let step = 0; step < 40; step++) {
        await page.mouse.move(graph.x + 500 - (step % 20) * 8, graph.y + 300 - (step % 10) * 5)
      }
      const count = Number(await page.evaluate('globalThis.drawnFrames'))
      frames.push({ clock: (performance.now() - since) / count, own: ((await taken()) - before) / count })
      await page.mouse.up()
    }
    const written = (times: readonly { clock: number; own: number }[]): string =>
      times.map(({ clock, own }) => `${Math.round(clock)} (own ${own.toFixed(1)})`).join(', ')
    console.info(`2,000 stages: open in ${written([opening])} ms; a frame, from far to near, in ${written(frames)} ms`)
    expect(opening.own).toBeLessThan(2_000)
    for (const { own } of frames) expect(own).toBeLessThan(100)
    // The tooltip describes the mark under the pointer.
    await page.keyboard.press('0')
    const middle = { x: graph.x + 700, y: graph.y + graph.height / 2 }
    await page.mouse.move(middle.x, middle.y)
    await page.locator('#tooltip', { hasText: 'orders-' }).waitFor()
    await page.mouse.click(middle.x, middle.y)
    await page.locator('#details h2', { hasText: 'producer-consumer orders-' }).waitFor()
  }, 240_000)
})

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

interface Camera {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** Runs in the page: where the cards are. */
const allBoxes = `[...document.querySelectorAll('.card')].map((card) => {
  const { x, y, width, height } = card.getBoundingClientRect()
  return { x, y, width, height }
})`

/** Runs in the page: whether marks have been drawn. */
const isDrawn = `(() => {
  const canvas = document.getElementById('overview')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let drawn = 0
  for (let index = 3; index < data.length; index += 4) if (data[index] === 255) drawn++
  return drawn > canvas.width * canvas.height / 4
})()`

/** Runs in the page: counts frames from now on. */
const countFrames = `(() => {
  globalThis.drawnFrames = 0
  const next = () => {
    globalThis.drawnFrames++
    requestAnimationFrame(next)
  }
  next()
})()`

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x - 0.5 &&
    inner.y >= outer.y - 0.5 &&
    inner.x + inner.width <= outer.x + outer.width + 0.5 &&
    inner.y + inner.height <= outer.y + outer.height + 0.5
  )
}

function countOverlaps(boxes: readonly Box[]): number {
  const areApart = (one: Box, other: Box): boolean =>
    one.x + one.width <= other.x ||
    other.x + other.width <= one.x ||
    one.y + one.height <= other.y ||
    other.y + other.height <= one.y
  return boxes.reduce(
    (sum, one, index) => sum + boxes.slice(index + 1).filter((other) => !areApart(one, other)).length,
    0,
  )
}
