import { consumer, createRuntime, createScope, producer, start, startLink, createScope as cs } from 'genstage'
import { snapshot, diagnose, observer, healthy, toMermaid } from 'genstage/snapshot'
const n = Number(process.argv[3] ?? 20000)
const what = process.argv[2]
const runtime = createRuntime({ logger: { debug() {}, info() {}, warn() {}, error(m) { console.log(m) } } })
const timed = async (label: string, f: () => unknown) => { const t = performance.now(); try { const r = await f(); console.log(label, (performance.now() - t).toFixed(0)); return r } catch (e) { console.log(label, 'FAILED', String(e).slice(0, 200)) } }
if (what === 'chain') {
  const refs: any[] = []
  const link = (left: number): any => consumer(async (stage) => {
    const i = n - left
    refs[i] = stage.self
    if (left > 1) await stage.startLink(link(left - 1))
    return { handleEvents() {}, handleInfo() { throw new Error('boom') } }
  })
  const scope = createScope({ runtime })
  scope.done.catch((e) => console.log('scope:', e.message))
  await timed('start', () => scope.startLink(link(n)))
  let s: any
  await timed('snapshot', () => { s = snapshot({ runtime }) })
  await timed('json', () => JSON.stringify(s).length)
  await timed("diagnose", () => (diagnose as any)([s]).length)
  await timed('mermaid', () => (toMermaid as any)(s).length)
  await timed('healthy', () => (healthy as any)({runtime}))
  await timed('observer', async () => { const o = (observer as any)({ runtime, interval: 100 }); await new Promise((r) => setTimeout(r, 500)); console.log(Object.keys(o)); o.close?.() })
  const which = process.argv[4] === 'first' ? 0 : n - 1
  await timed('fail', async () => { refs[which].send('x'); await Promise.all(refs.map((r) => r.exited)) })
  await timed('done', () => scope.done.catch(() => {}))
}
if (what === 'scope') {
  const scope = createScope({ runtime })
  await timed('start', () => Promise.all(Array.from({ length: n }, () => scope.startLink(consumer({ handleEvents() {} })))))
  await timed('dispose', () => scope[Symbol.asyncDispose]())
}
