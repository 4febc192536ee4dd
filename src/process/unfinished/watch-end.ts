import { host } from '#host'
import type { ProcessRuntime } from '../runtime.ts'
import { describeWaiting } from './describe-waiting.ts'

/** Runtimes in which something was started. Weak references, because a runtime may be short-lived. */
const watched = new Set<WeakRef<ProcessRuntime>>()

/** Reports stages that are still waiting when the program ends because it has nothing left to do. */
export function watchEnd(runtime: ProcessRuntime): void {
  if (runtime.isEndWatched) return
  runtime.isEndWatched = true
  // With a manual clock, waiting stages mean nothing: time stands still until a test moves it.
  if (runtime.clock !== host) return
  if (watched.size === 0) host.describeEnd(describeAll)
  watched.add(new WeakRef(runtime))
}

function describeAll(isAwaiting: boolean): readonly string[] {
  return [...watched].flatMap((reference) => {
    const runtime = reference.deref()
    return runtime === undefined ? [] : describeWaiting(runtime.processes.values(), isAwaiting)
  })
}
