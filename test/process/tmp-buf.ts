import { consumer, createRuntime, producer, producerConsumer, start, broadcastDispatcher, partitionDispatcher, fromIterable } from 'genstage'
import { longestHold } from './longest-hold.ts'
const what = process.argv[2], n = Number(process.argv[3] ?? 1e7), mode = process.argv[4] ?? 'demand'
const runtime = createRuntime()
const dispatcher: any = mode === 'broadcast' ? broadcastDispatcher() : mode === 'partition' ? partitionDispatcher({ partitions: 4, hash: (e: any) => [e, e & 3] }) : undefined
const more: any = dispatcher ? { dispatcher } : {}
if (mode === 'accumulate') more.demand = 'accumulate'
const big = what === 'one' ? Array.from({ length: n }, (_, i) => i) : []
const ref: any = await start(producer({
  handleDemand: () => [], bufferSize: Infinity, ...more,
  handleInfo: (m: any) => m === 'one' ? big : Array.from({ length: m }, (_, i) => i),
  handleCall: { sync: () => ({ reply: 1 }) },
} as any), { runtime })
if (mode === 'broadcast' || mode === 'partition') {
  for (let i = 0; i < (mode === 'partition' ? 4 : 2); i++) {
    const c: any = await start(consumer({ handleEvents() {} , handleSubscribe: () => 'manual' as const}), { runtime })
    await c.subscribe(ref, mode === 'partition' ? { partition: i } : {})
  }
}
const work = async () => {
  if (what === 'one') ref.send('one')
  else if (what === 'many') for (let i = 0; i < n; i += 1000) { ref.send(1000); if (i % 100000 === 0) await ref.call('sync', undefined, { timeout: Infinity }) }
  await ref.call('sync', undefined, { timeout: Infinity })
}
let t = performance.now()
console.log(what, mode, 'hold', (await longestHold(work())).toFixed(1), 'total', (performance.now() - t).toFixed(0), await ref.estimateBufferedCount())
if (mode === 'accumulate') { t = performance.now(); console.log('forward hold', (await longestHold((async () => { ref.demand('forward'); await ref.call('sync', undefined, { timeout: Infinity }) })())).toFixed(1), await ref.estimateBufferedCount()) }
let got = 0
const sinkDone = async () => {
  const c: any = await start(consumer({ handleEvents(es: any) { got += es.length; return got >= n ? { stop: 'normal' } : undefined } }), { runtime })
  await c.subscribe(ref)
  await c.exited
}
if (mode === 'demand' || mode === 'accumulate') { t = performance.now(); console.log('out hold', (await longestHold(sinkDone())).toFixed(1), 'total', (performance.now() - t).toFixed(0), got) }
