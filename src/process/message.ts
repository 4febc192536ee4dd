import type { ProcessRef } from './process-ref.ts'

/**
 * An entry of a mailbox.
 *
 * Every kind of message has the same shape, so that the code which receives them sees one hidden class: with a shape
 * for each kind, reading `kind` costs several times as much. Each kind documents what its `tag` and `body` hold.
 */
export class Message<Kind extends string = string, Body = unknown> {
  readonly kind: Kind
  /** The subscription, in the protocol of stages; empty elsewhere. */
  readonly tag: string
  /** The sender, if the receiver may want to reply. */
  readonly from: ProcessRef | undefined
  readonly body: Body

  constructor(kind: Kind, tag: string, from: ProcessRef | undefined, body: Body) {
    this.kind = kind
    this.tag = tag
    this.from = from
    this.body = body
  }
}
