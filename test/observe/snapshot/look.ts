import { type Snapshot, type StageSnapshot, snapshot } from 'genstage/snapshot'
import type { TestRuntime } from 'genstage/testing'
import { expect } from 'vitest'

/** Takes a snapshot, which must be JSON. */
export function look(runtime: TestRuntime, states = false): Snapshot {
  const taken = snapshot({ runtime, states })
  expect(JSON.parse(JSON.stringify(taken))).toEqual(taken)
  return taken
}

/** The snapshot of the stage with this id. */
export function lookAt(runtime: TestRuntime, { id }: { readonly id: string }, states = false): StageSnapshot {
  const found = look(runtime, states).stages.find((stage) => stage.id === id)
  if (found === undefined) throw new Error(`expected the snapshot to hold ${id}`)
  return found
}
