import { host } from '#host'
import type { ProcessRuntime } from '../runtime.ts'
import { describeWaiting } from './describe-waiting.ts'

/** Runtimes in which something was started; weak, as a runtime may be made for a moment. */
const watched = new Set<WeakRef<ProcessRuntime>>()

/** Sees to it that stages which still wait when the program ends with nothing left to do are named. */
export function watchEnd(runtime: ProcessRuntime): void {
  if (runtime.isEndWatched) return
  runtime.isEndWatched = true
  // Where time stands still until a test moves it, that stages wait means nothing.
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
