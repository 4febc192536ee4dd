import { describe, expect, test } from 'vitest'
import { linesOf } from '../../../src/observe/cli/lines-of.ts'
import type { PageUpdate } from '../../../src/observe/view/page-update.ts'
import { Timeline } from '../../../src/observe/view/timeline.ts'
import { finding, picture, stage, star, subscription } from '../picture.ts'

const wide = { columns: 110, rows: undefined, isColoured: false }

/** The lines after updates a second apart. */
function shown(updates: readonly PageUpdate[], screen: Parameters<typeof linesOf>[3] = wide): string[] {
  const timeline = new Timeline()
  for (const { snapshot } of updates) timeline.add(snapshot)
  return linesOf(updates.at(-1)!, timeline, 'here', screen)
}

const pipeline = (time: number, handled: number, findings: PageUpdate['findings'] = []): PageUpdate => ({
  snapshot: picture(
    [
      stage('numbers', { kind: 'producer', emitted: handled, buffered: 12 }),
      stage('printer', { handled, state: 'waiting', busy: time * 500 }),
    ],
    [subscription('numbers → printer', { pending: 7, sent: handled })],
    { time },
  ),
  findings,
})

test('a table has a line for each stage, with rates once there are two snapshots', () => {
  expect(shown([pipeline(1_000, 0), pipeline(2_000, 1_500)])).toEqual([
    'here · up 2.0 s',
    '',
    'no problems found',
    '',
    'STAGE                                       STATE        IN/S   OUT/S  BUSY  MAILBOX IN FLIGHT  BUFFER   ASKED',
    'producer numbers                            idle                1,500    0%        0                12       7',
    'consumer printer                            waiting     1,500           50%        0         0',
  ])
  expect(shown([pipeline(1_000, 10)]).at(-1)).toMatch(/^consumer printer +waiting +0 +0$/)
})

test('what is wrong stands above it, in lines that fit', () => {
  const text = 'consumer printer sets the pace, at 500 events a second: it was handling all the time.'
  const lines = shown([pipeline(1_000, 0, [finding('printer', { severity: 'problem', text })])], {
    ...wide,
    columns: 60,
  })
  expect(lines.slice(2, 5)).toEqual([
    'problem  consumer printer sets the pace, at 500 events a',
    '         second: it was handling all the time.',
    '',
  ])
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
})

test.each([
  [110, 'STATE IN/S OUT/S BUSY MAILBOX IN FLIGHT BUFFER ASKED'],
  [80, 'STATE IN/S OUT/S BUSY MAILBOX ASKED'],
  [60, 'IN/S OUT/S BUSY ASKED'],
])('%d columns hold what matters most', (columns, headings) => {
  const lines = shown([pipeline(1_000, 0), pipeline(2_000, 1_500)], { ...wide, columns })
  expect(lines[4]?.split(/\s+/).join(' ')).toBe(`STAGE ${headings}`)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
})

test('alike stages are one line where there is no room for all of them', () => {
  const update = { snapshot: picture(star(200).stages, star(200).subscriptions), findings: [] }
  expect(shown([update])).toHaveLength(5 + 202)
  const few = shown([update], { ...wide, rows: 23 })
  expect(few.slice(5).map((line) => line.slice(0, 34).trim())).toEqual([
    'producer source',
    'producer-consumer worker # × 200',
    'consumer sink',
  ])
})

describe('a unit', () => {
  const units = ['alpha', 'beta'].flatMap((unit) => [
    stage(unit, { kind: 'supervisor', unit: 'shop' }),
    ...['in', 'through', 'out'].map((name) => stage(`${unit}-${name}`, { unit })),
  ])
  const pool = [stage('pool', { unit: 'shop' }), stage('job', { kind: 'task', unit: 'pool' })]
  const update = { snapshot: picture([stage('shop', { kind: 'supervisor' }), ...units, ...pool]), findings: [] }
  const labels = (rows?: number) =>
    shown([update], { ...wide, rows })
      .slice(5)
      .map((line) => line.slice(0, 44).trimEnd())

  test('has its parts below it, and its own children in one line', () => {
    expect(labels()).toEqual([
      'supervisor shop',
      '  supervisor alpha',
      '    consumer alpha-in',
      '    consumer alpha-through',
      '    consumer alpha-out',
      '  supervisor beta',
      '    consumer beta-in',
      '    consumer beta-through',
      '    consumer beta-out',
      '  consumer pool (1)',
    ])
  })

  test('is one line where there is no room, the innermost first', () => {
    expect(labels(12)).toEqual([
      'supervisor shop',
      '  supervisor alpha (3)',
      '  supervisor beta (3)',
      '  consumer pool (1)',
    ])
    expect(labels(8)).toEqual(['supervisor shop (8)'])
  })
})

test('what does not fit even so is counted', () => {
  const stages = Array.from({ length: 50 }, (_, index) => stage(`s${'x'.repeat(index)}`))
  const lines = shown([{ snapshot: picture(stages), findings: [] }], { ...wide, rows: 20 })
  expect(lines).toHaveLength(20)
  expect(lines.at(-1)).toBe('and 36 more')
})

test('a stage that has ended stays for a while', () => {
  const [numbers] = pipeline(2_000, 1).snapshot.stages
  const lines = shown([pipeline(1_000, 1), { snapshot: picture([numbers!], [], { time: 2_000 }), findings: [] }])
  expect(lines.at(-1)).toMatch(/^consumer printer +ended$/)
})

describe('a terminal', () => {
  test('receives no command from a name', () => {
    const update = {
      snapshot: picture([stage('a\x1b[2J\r\n\u202eb')]),
      findings: [finding('a', { text: 'x\x1b]0;y' })],
    }
    const text = shown([update]).join('\n')
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text).toContain('a�[2J')
  })

  test('has colours if it wants any', () => {
    const updates = [pipeline(1_000, 0, [finding('printer')])]
    expect(shown(updates).join('')).not.toContain('\x1b')
    const coloured = shown(updates, { ...wide, isColoured: true })
    expect(coloured.find((line) => line.includes('consumer printer  '))).toSatisfy(
      (line: string) => line.startsWith('\x1b[33m') && line.endsWith('\x1b[0m'),
    )
  })
})
