import type { Attributes } from '@opentelemetry/api'
import { isError } from '../base/is-error.ts'
import type { StageIdentity } from '../telemetry/telemetry-events.ts'

/** Which process it is, for metrics: its kind and its name. Ids would make a series of each. */
export function attributesOf({ kind, name }: StageIdentity): Attributes {
  return name === undefined
    ? { 'genstage.stage.kind': kind }
    : { 'genstage.stage.kind': kind, 'genstage.stage.name': name }
}

/** What went wrong, by OpenTelemetry's conventions; nothing where nothing did. */
export function errorAttributes(error: unknown): Attributes {
  if (error === undefined) return {}
  return { 'error.type': nameOf(error) ?? '_OTHER' }
}

/** The name of an error, where it has one that can be read. */
function nameOf(error: unknown): string | undefined {
  try {
    const name: unknown = isError(error) ? error.name : undefined
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}
