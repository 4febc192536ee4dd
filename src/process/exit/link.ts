import { ChurningSet } from '../../base/collections/churning.ts'
import type { ExitCause } from './exit-cause.ts'

/** What a process can be linked to: another process, or a scope. Failures pass along a link in both directions. */
export interface Linkable {
  links: ChurningSet<Linkable> | undefined
  /** Takes the exit signal of `from`. `sender` is the reference that `handleInfo` receives. */
  signalExit(from: Linkable | undefined, cause: ExitCause, sender: unknown): void
  /** What happens to a failure that arrives along a link: it is reported, passed on along the links, or kept. */
  readonly onFailure: 'report' | 'pass-on' | 'keep'
}

/** Links two processes. Linking them twice has no further effect. */
export function link(one: Linkable, other: Linkable): void {
  one.links ??= new ChurningSet()
  other.links ??= new ChurningSet()
  one.links.add(other)
  other.links.add(one)
}

/** Removes a link, if there is one. */
export function unlink(one: Linkable, other: Linkable): void {
  one.links?.delete(other)
  other.links?.delete(one)
}
