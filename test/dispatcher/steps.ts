import { type Profiler, Session } from 'node:inspector'

// Now, for V8 counts blocks only in functions that it compiles after this, which is when they are first called: import
// this file where nothing under test has run yet, in a test file of its own.
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

/**
 * Counts the steps that code under `src/base` and `src/dispatcher` takes while `body` runs: each time V8 enters one of
 * its functions, and each time one of its blocks runs more or less often than what is around it, so each turn of a
 * loop.
 *
 * It counts what happened, with nothing in the code to help, and comes to the same number every time, which no clock
 * does. What built-in functions do inside (`slice`, `Map`) is not seen.
 */
export function countSteps(body: () => void): number {
  takeSteps()
  body()
  return takeSteps()
}

/** The steps since it was last called. */
function takeSteps(): number {
  let steps = 0
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error !== null) throw error
    for (const { url, functions } of coverage.result) {
      if (/\/src\/(base|dispatcher)\//.test(url)) steps += functions.flatMap(({ ranges }) => ranges).reduce(add, 0)
    }
  })
  return steps
}

function add(sum: number, { count }: Profiler.CoverageRange): number {
  return sum + count
}
