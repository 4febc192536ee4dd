import { readFile } from 'node:fs/promises'
import type { Scenario } from './scenario.ts'

/** A file, or a scenario in it, does not follow FORMAT.md. The message is one line. */
export class FormatError extends Error {}

/** Reads a file of scenarios; throws a {@link FormatError} if it cannot be read, parsed or understood. */
export async function readScenarios(file: string | URL): Promise<Scenario[]> {
  const text = await readText(file)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new FormatError(`${file} is not JSON: ${lineOf(error)}`)
  }
  if (!Array.isArray(value)) throw new FormatError(`${file}: expected a list of scenarios`)
  return value.map((scenario: unknown, index) => {
    const complaint = complaintAbout(scenario)
    if (complaint === undefined) return scenario as Scenario
    throw new FormatError(`${file}: scenario ${index + 1}: ${complaint}`)
  })
}

/** Reads a file; throws a {@link FormatError} if it cannot be read. */
export async function readText(file: string | URL): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new FormatError(`${file} cannot be read: ${lineOf(error)}`)
  }
}

/** What is wrong with the outline of a scenario. An operation or kind that is unknown is found when it is played. */
function complaintAbout(scenario: unknown): string | undefined {
  if (!isRecord(scenario)) return 'expected an object'
  if (typeof scenario.name !== 'string') return 'expected a name'
  const { name, schedule, stages, order, steps } = scenario
  if (schedule !== 'any' && schedule !== 'fifo') return `${name}: expected schedule to be any or fifo`
  if (!isRecord(stages)) return `${name}: expected stages to be an object`
  if (!Array.isArray(order)) return `${name}: expected order to be a list`
  const stranger: unknown = order.find((stage: unknown) => typeof stage !== 'string' || !isRecord(stages[stage]))
  if (stranger !== undefined) return `${name}: order names ${JSON.stringify(stranger)}, which is not among the stages`
  if (!expectsLog(scenario)) return `${name}: expected expect.log to be an object of lists`
  if (!Array.isArray(steps)) return `${name}: expected steps to be a list`
  const bad = steps.findIndex((step: unknown) => !isRecord(step) || typeof step.op !== 'string' || !expectsLog(step))
  return bad < 0 ? undefined : `${name}: step ${bad + 1}: expected an op, and expect.log to be an object of lists`
}

function expectsLog(part: Record<string, unknown>): boolean {
  return isRecord(part.expect) && isRecord(part.expect.log) && Object.values(part.expect.log).every(Array.isArray)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\s+/g, ' ')
}
