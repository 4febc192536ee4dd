import { type Observation, observe } from 'genstage/observe'
import { runUntilSignal } from 'genstage/program'
import { type Arguments, parseArguments, UsageError, usage } from './arguments.ts'
import { Meter } from './meter.ts'
import { paced } from './paced.ts'
import { printable } from './path-text.ts'
import { countWords, nothingCounted } from './pipeline.ts'
import { showProgress } from './progress.ts'
import { reasonOf } from './reason.ts'
import { jsonReport, textReport } from './report.ts'
import { Walk } from './walk.ts'

// The exit codes that shells expect. After Ctrl-C it is 130, which `runUntilSignal` sets.
const exitCodes = { failed: 1, misused: 2 }

const started = performance.now()

for (const output of [process.stdout, process.stderr]) output.on('error', leave)
const given = readArguments()
if (given?.isHelp) process.stdout.write(usage)
else if (given !== undefined) {
  const meter = new Meter()
  const walk = await beginWalk(given.folder, meter)
  const observation = walk === undefined ? undefined : await beginObservation(given.observe)
  if (observation === 'failed') await walk?.close()
  else if (walk !== undefined) {
    try {
      await run(walk, meter, given)
    } finally {
      await observation?.close()
    }
  }
}

async function run(walk: Walk, meter: Meter, { folder, top, isJson, pace }: Arguments): Promise<void> {
  const isWatched = process.stdout.isTTY && process.stderr.isTTY && !isJson
  const hideProgress = isWatched ? showProgress(meter, process.stderr) : () => {}
  // On Ctrl-C the walk stops, and the stages downstream end once everything that was read has been counted.
  const { value } = await runUntilSignal((scope) => countWords(scope, paced(walk, pace), top, meter)).finally(
    hideProgress,
  )
  const result = value ?? nothingCounted
  const isPartial = !walk.isComplete
  const facts = {
    folder,
    isPartial,
    seconds: (performance.now() - started) / 1_000,
    peakMegabytes: Math.ceil(process.resourceUsage().maxRSS / 1_024),
  }
  // Some terminals do not report their width.
  const columns = process.stdout.columns || 80
  process.stdout.write(isJson ? jsonReport(result, isPartial) : textReport(result, facts, columns))
}

function readArguments(): Arguments | undefined {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    fail(error.message, exitCodes.misused)
    return undefined
  }
}

async function beginWalk(folder: string, meter: Meter): Promise<Walk | undefined> {
  try {
    return await Walk.from(folder, meter)
  } catch (error) {
    fail(`expected a folder that can be read, got: ${JSON.stringify(folder)} (${reasonOf(error)})`, exitCodes.failed)
    return undefined
  }
}

/** The page does not keep the program alive: it ends with the count. */
async function beginObservation(port: number | undefined): Promise<Observation | 'failed' | undefined> {
  if (port === undefined) return undefined
  try {
    const observation = await observe({ port })
    process.stderr.write(`wordcount: open ${observation.url} to watch until the count is done\n`)
    return observation
  } catch (error) {
    fail(reasonOf(error), exitCodes.failed)
    return 'failed'
  }
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`wordcount: ${printable(message)}\n`)
  process.exitCode = exitCode
}

/** Usually the reader of the output has closed it, as `head` does after its last line: that is not a failure. */
function leave(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') fail(`the output could not be written (${reasonOf(error)})`, exitCodes.failed)
  process.exit()
}
