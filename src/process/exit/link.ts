import { ShortLivedSet } from '../../base/short-lived.ts'
import type { ExitCause } from './exit-cause.ts'

/** What a process can be linked to: another process, or a scope. Abnormal ends pass along a link, both ways. */
export interface Linkable {
  links: ShortLivedSet<Linkable> | undefined
  /** Takes the exit signal of `from`; `sender` is what `handleInfo` is shown as the one who ended. */
  signalExit(from: Linkable | undefined, cause: ExitCause, sender: unknown): void
  /** What becomes of a failure that comes along a link: it is reported, passed along the links from here, or kept. */
  readonly onFailure: 'report' | 'pass-on' | 'keep'
}

/** Links two; linking twice is linking once. */
export function link(one: Linkable, other: Linkable): void {
  one.links ??= new ShortLivedSet()
  other.links ??= new ShortLivedSet()
  one.links.add(other)
  other.links.add(one)
}

/** Takes a link away, if there is one. */
export function unlink(one: Linkable, other: Linkable): void {
  one.links?.delete(other)
  other.links?.delete(one)
}
