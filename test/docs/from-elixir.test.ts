import { describe, expect, test } from 'vitest'
import { codeIn, unknownWordsIn } from './code-words.ts'
import { documentText, prose } from './documents.ts'

// What GenStage 1.3.2 has, read off its sources. Each of these has a row in the document.

const functions = `
  start_link/3 start/3 stop/3 call/3 cast/2 reply/2 sync_info/3 async_info/2 demand/1 demand/2 sync_subscribe/3
  async_subscribe/2 sync_resubscribe/5 async_resubscribe/4 ask/3 cancel/3 estimate_buffered_count/2 from_enumerable/2
  stream/2`
const callbacks = `
  init/1 handle_demand/2 handle_events/3 handle_subscribe/4 handle_cancel/3 handle_call/3 handle_cast/2 handle_info/2
  format_discarded/2 terminate/2 code_change/3 format_status/2`
const options = `
  :demand :dispatcher :buffer_size :buffer_keep :subscribe_to :to :max_demand :min_demand :cancel :partition :selector
  :shuffle_demands_on_first_dispatch :partitions :hash :link :stacktrace :on_cancel :producers :name :debug :timeout
  :spawn_opt :hibernate_after :id :start :restart :shutdown`
const dispatchers = `
  GenStage.DemandDispatcher GenStage.BroadcastDispatcher GenStage.PartitionDispatcher init/1 subscribe/3 ask/3 cancel/2
  dispatch/3 info/2`
const consumerSupervisor = `
  start_link/2 start_link/3 init/1 init/2 start_child/2 terminate_child/2 which_children/1 count_children/1 :strategy
  :max_restarts :max_seconds :subscribe_to :registry :name :type :modules`
const ofProcesses = `
  GenServer.whereis/1 Process.whereis/1 GenServer.multi_call/4 GenServer.abcast/3 self/0 send/2 Process.send_after/3
  Process.cancel_timer/1 Process.monitor/1 Process.demonitor/2 Process.link/1 Process.unlink/1 Process.exit/2
  Process.alive?/1 Process.register/2 :via :global :hibernate :sys :noconnect :nosuspend`

/** Words of the examples in the tables, and words of Elixir that have no mark to recognize them. */
const ofExamples = ['add', 'item', 'size', 'Squares']
const ofElixir = ['div', 'max_demand', 'term']

/** The rows of all tables, cell by cell. */
const rows = prose(documentText('docs/from-elixir.md'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) => line.slice(2, -2).split(' | '))

describe('docs/from-elixir.md has a row for', () => {
  test.each(
    Object.entries({
      'each function of GenStage': functions,
      'each callback': callbacks,
      'each option': options,
      'each dispatcher and its callbacks': dispatchers,
      'each function and option of ConsumerSupervisor': consumerSupervisor,
      'what a stage has from GenServer and Process': ofProcesses,
    }),
  )('%s', (_what, names) => {
    const firstCells = rows.map(([first = '']) => first).join(' ')
    const missing = names
      .trim()
      .split(/\s+/)
      .filter((name) => !firstCells.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })
})

test('all names in the column for this library exist', () => {
  const ours = rows.flatMap(([, ...others]) => others.flatMap(codeIn))
  const words = unknownWordsIn(ours, [...ofExamples, ...ofElixir])
  expect(words).toEqual([])
  expect(ours.length).toBeGreaterThan(100)
})

test('the intended differences are those that docs/decisions.md explains', () => {
  const listed = [...documentText('docs/from-elixir.md').matchAll(/^(\d+)\. /gm)].map(([, number]) => number)
  const explained = [...documentText('docs/decisions.md').matchAll(/^### (\d+)\. /gm)].map(([, number]) => number)
  expect(listed).toEqual(explained)
  expect(explained).toHaveLength(10)
})
