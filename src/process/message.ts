import type { ProcessRef } from './process-ref.ts'

/**
 * What lies in a mailbox.
 *
 * One shape for every kind of message, so that the code which receives them sees one hidden class: with a shape per
 * kind, each look at `kind` costs several times as much. What `tag` and `body` hold is said where the kind is defined.
 */
export class Message<Kind extends string = string, Body = unknown> {
  readonly kind: Kind
  /** The subscription it is about, in the stages' protocol; empty elsewhere. */
  readonly tag: string
  /** Who sent it, where the receiver may want to answer. */
  readonly from: ProcessRef | undefined
  readonly body: Body

  constructor(kind: Kind, tag: string, from: ProcessRef | undefined, body: Body) {
    this.kind = kind
    this.tag = tag
    this.from = from
    this.body = body
  }
}
