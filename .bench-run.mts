// node --conditions=genstage-source --import tsx bench-run.mts ROOT MODE: prints events per CPU second
const [root, mode] = process.argv.slice(2)
const g = await import(`${root}/src/index.ts`)
const start = g.start, producer = g.producer, producerConsumer = g.producerConsumer, consumer = g.consumer
const options = mode === 'one' ? { maxDemand: 1, minDemand: 0 } : mode === 'async' ? { maxDemand: 1, minDemand: 0 } : { maxDemand: 1000, minDemand: 500 }
let next = 0, seen = 0
const batch = Number(mode === 'batch')
const src = await start(producer({ handleDemand(demand: number) { const out = new Array(demand); for (let i = 0; i < demand; i++) out[i] = next++; return out } }))
const mid = await start(mode === 'async'
  ? producerConsumer({ async handleEvents(events: number[]) { return events } })
  : producerConsumer({ handleEvents(events: number[]) { return events } }))
const sink = await start(consumer({ handleEvents(events: number[]) { seen += events.length } }))
await sink.subscribe(mid, options)
await mid.subscribe(src, options)
const wait = (ms: number) => new Promise((r) => setTimeout(r, ms))
await wait(500)
const a = seen, cpu = process.cpuUsage()
await wait(2000)
const used = process.cpuUsage(cpu)
console.log(JSON.stringify({ perCpu: (seen - a) / ((used.user + used.system) / 1e6) }))
process.exit(0)
