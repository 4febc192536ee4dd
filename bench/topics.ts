import { join } from 'node:path'
import { own, peers } from './implementations.ts'
import { runProgram } from './run-program.ts'
import { median } from './statistics.ts'
import { figure, table } from './table.ts'
import type { Figure } from './topics/figure.ts'
import { workloadNames } from './workloads.ts'

/** Something else that is measured, by a program in `topics/`, in several ways that follow each other. */
interface Topic {
  readonly text: string
  /** What the program is called with, once for each way; or what it is called with next, from the figures so far. */
  readonly ways: readonly (readonly string[] | ((figures: readonly Figure[]) => readonly string[]))[]
  readonly options?: readonly string[]
}

const asynchronous = [...own, ...peers].filter(({ workloads }) => workloads.includes('W6'))

/** What is measured beside the workloads, by the name of the program. */
const topics = {
  latency: {
    text: 'one event through five stages',
    ways: [
      ['one'],
      ['top'],
      (figures: readonly Figure[]) => ['half', String((valueIn(figures, 'top rate') * 1000) / 2)],
    ],
  },
  'event-loop': { text: 'how late a timer of 1 ms is, beside five stages', ways: [[]] },
  consumers: {
    text: 'CPU time per delivery, by how many consumers one producer has',
    ways: ['demand', 'broadcast', 'partition'].flatMap((name) => ['10', '1000', '10000'].map((size) => [name, size])),
  },
  idle: { text: 'memory of a stage that rests, of 10,000', ways: [[]], options: ['--expose-gc'] },
  import: { text: "what `import 'genstage'` costs, beside an empty process", ways: [[]] },
  snapshot: { text: 'what it costs to look at 1,000 stages', ways: [[]] },
  'start-stop': { text: 'time for 10,000 stages', ways: [[]] },
  'slow-branch': {
    text: 'a broadcast to four, one of whom takes 1 ms for each event: how far its source runs ahead',
    ways: [['genstage', '1000'], ['genstage', '10'], ['node:stream'], ['Effect'], ['tee()']],
  },
  'slow-sink': {
    text: 'W8: an endless source of 1 KB events, a sink that takes 1 ms for each, five seconds',
    ways: [
      ['genstage'],
      ['node:stream'],
      ['async generators'],
      ['Web Streams'],
      ['Effect'],
      ['RxJS (no back-pressure)'],
    ],
  },
  profile: {
    text: 'where the CPU time goes: by part of the library, as samples see it',
    ways: workloadNames.map((workload) => [workload]),
    options: ['--enable-source-maps'],
  },
  'long-event': {
    text: 'W6, of whose 64 at a time some take long: how many others are handled meanwhile',
    ways: ['1', '63'].flatMap((long) => asynchronous.map(({ name, file, runs }) => [name, file, runs, long])),
  },
} satisfies Readonly<Record<string, Topic>>

/** The name of one of them. */
export type TopicName = keyof typeof topics

/** Their names. */
export const topicNames = Object.keys(topics) as readonly TopicName[]

function valueIn(figures: readonly Figure[], what: string): number {
  return figures.find((each) => each.what === what)?.value ?? Number.NaN
}

/** What came of a topic: the medians of several rounds. */
export interface TopicResult {
  readonly topic: TopicName
  readonly text: string
  readonly figures: readonly (Figure & { readonly values: readonly number[] })[]
}

/** Measures a topic so many times, each way in a process of its own. */
export async function measureTopic(name: TopicName, folder: string, rounds: number): Promise<TopicResult> {
  const { text, ways, options = [] }: Topic = topics[name]
  const all: Figure[] = []
  for (let round = 0; round < rounds; round++) {
    const figures: Figure[] = []
    for (const way of ways) {
      const args = typeof way === 'function' ? way(figures) : way
      const program = [...options, join(folder, 'topics', `${name}.js`), ...args]
      const stdout = await runProgram([name, ...args].join(' '), process.execPath, program)
      for (const line of stdout.trim().split('\n')) figures.push(...(JSON.parse(line) as Figure[]))
    }
    all.push(...figures)
  }
  const names = [...new Set(all.map(({ what }) => what))]
  return {
    topic: name,
    text,
    figures: names.map((what) => {
      const same = all.filter((each) => each.what === what)
      const values = same.map(({ value }) => value)
      return { ...(same[0] as Figure), value: median(values), values }
    }),
  }
}

/** A topic's table. */
export function tableOfTopic({ topic, text, figures }: TopicResult): string {
  const rows = figures.map(({ what, value, values, unit, note = '' }) => {
    const range = values.length === 1 ? '' : `${figure(Math.min(...values))}–${figure(Math.max(...values))}`
    return [what, figure(value), unit, range, note]
  })
  return `${topic}  ${text}\n${table([['', 'median', '', 'from–to', ''], ...rows])}\n`
}
