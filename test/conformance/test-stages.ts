import { named, start } from 'genstage'
import type { TestRuntime } from 'genstage/testing'
import { Actor } from './actor.ts'
import type { Source } from './options.ts'
import type { Entry, Scenario } from './scenario.ts'
import { stageFor } from './stages.ts'
import type { Later } from './timing.ts'

/** The stages of one scenario in one replay. */
export class TestStages {
  readonly #runtime: TestRuntime
  readonly #later: Later
  readonly #actors: ReadonlyMap<string, Actor>

  constructor(scenario: Scenario, runtime: TestRuntime, later: Later) {
    this.#runtime = runtime
    this.#later = later
    this.#actors = new Map(
      Object.entries(scenario.stages).map(([name, description]) => [name, new Actor(name, description)]),
    )
  }

  /** The actor of this name; undefined where the scenario has none. */
  find(name: string): Actor | undefined {
    return this.#actors.get(name)
  }

  /** Starts a stage with its name, without a link. Rejects as the library does. */
  async start(name: string): Promise<void> {
    const actor = this.#actors.get(name)
    if (actor === undefined) throw new TypeError(`the scenario has no stage ${JSON.stringify(name)}`)
    const stage = stageFor({ actor, later: this.#later, find: (source) => this.#named(source) })
    actor.enter(await start(stage, { name, runtime: this.#runtime }))
  }

  /** The producer that was started with this name, even if it has exited; otherwise the process that has the name. */
  producer(name: string): Source {
    // Whether it is a producer at all is for the library to find out.
    return (this.#actors.get(name)?.part as Source | undefined) ?? this.#named(name)
  }

  /** What each stage logged since this was last asked; stages that logged nothing are left out. */
  takeLog(): Map<string, readonly Entry[]> {
    const log = new Map<string, readonly Entry[]>()
    for (const actor of this.#actors.values()) {
      const journal = actor.takeJournal()
      if (journal.length > 0) log.set(actor.name, journal)
    }
    return log
  }

  /** Kills all stages and children. */
  killAll(): void {
    for (const { part, children } of this.#actors.values()) {
      part?.exit('kill')
      for (const child of children) child.ref.exit('kill')
    }
  }

  #named(name: string): Source {
    return named<Source>(name, { runtime: this.#runtime })
  }
}
