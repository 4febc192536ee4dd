import { printDiscrepancies } from './print.ts'
import { type Manner, replay } from './replay.ts'
import type { Scenario } from './scenario.ts'

/** The schedules under which a scenario is replayed: the fair one, or those shuffled by the seeds 1 to `schedules`. */
export function mannersFor(scenario: Scenario, schedules?: number): Manner[] {
  if (schedules === undefined || scenario.schedule === 'fifo') return [{}]
  return Array.from({ length: schedules }, (_, index) => ({ seed: index + 1 }))
}

/** The first replay that fails, in words for a person; undefined if the scenario passes in all these manners. */
export async function firstFailure(scenario: Scenario, manners: readonly Manner[]): Promise<string | undefined> {
  for (const manner of manners) {
    const title = `${scenario.name} (${describe(manner)})`
    try {
      const discrepancies = await replay(scenario, manner)
      if (discrepancies.length > 0) return printDiscrepancies(title, discrepancies)
    } catch (error) {
      return `${title}\n  could not be replayed: ${String(error)}`
    }
  }
  return undefined
}

function describe({ seed, timing = 'direct', freezeBatches }: Manner): string {
  const words = [seed === undefined ? 'fair schedule' : `schedule shuffled by seed ${seed}`]
  if (timing !== 'direct') words.push(`callbacks return after a ${timing}`)
  if (freezeBatches) words.push('batches frozen')
  return words.join(', ')
}
