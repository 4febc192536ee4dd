import type { Attributes } from '@opentelemetry/api'
import { isError } from '../base/is-error.ts'
import type { StageIdentity } from '../telemetry/telemetry-events.ts'

/** The attributes of a process in metrics: its kind and name. An id would create one series per process. */
export function attributesOf({ kind, name }: StageIdentity): Attributes {
  return name === undefined
    ? { 'genstage.stage.kind': kind }
    : { 'genstage.stage.kind': kind, 'genstage.stage.name': name }
}

/** The attributes of an error by OpenTelemetry's conventions; none if there was no error. */
export function errorAttributes(error: unknown): Attributes {
  if (error === undefined) return {}
  return { 'error.type': nameOf(error) ?? '_OTHER' }
}

/** The name of an error, if it has one that can be read. */
function nameOf(error: unknown): string | undefined {
  try {
    const name: unknown = isError(error) ? error.name : undefined
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}
