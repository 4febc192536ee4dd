import {
  type ChildSpec,
  consumer,
  type ExitReason,
  type ProcessRef,
  type Strategy,
  type SupervisorRef,
  supervisor,
} from 'genstage'
import type { TestRuntime } from 'genstage/testing'
import { launch } from '../stage/test-stages.ts'

/** What happened to the children of a supervisor, in order. */
export class Diary {
  readonly entries: string[] = []
  /** The process that each name stands for at present. */
  readonly living = new Map<string, ProcessRef>()

  take(): string[] {
    return this.entries.splice(0)
  }

  /** A child that notes when it starts and stops. A message to it is the reason for which it stops. */
  readonly child = (name: string, options: object = {}): ChildSpec => ({
    id: name,
    ...options,
    start: () => this.stage(name),
  })

  stage(name: string) {
    return consumer(({ self }) => {
      this.entries.push(`+${name}`)
      this.living.set(name, self)
      return {
        trapExit: true,
        handleEvents: () => {},
        handleInfo: (reason: ExitReason) => ({ stop: reason }),
        terminate: () => {
          this.entries.push(`-${name}`)
        },
      }
    })
  }

  end(name: string, reason: ExitReason): void {
    this.living.get(name)?.send(reason)
  }
}

export const idsOf = async (tree: SupervisorRef) =>
  (await tree.whichChildren()).map(({ id, ref }) => `${id}${ref === undefined ? '-' : ''}`)

export const launchTree = (
  runtime: TestRuntime,
  strategy: Strategy,
  children: readonly ChildSpec[],
  options: object = {},
) => launch(runtime, supervisor({ strategy, children, ...options }))
