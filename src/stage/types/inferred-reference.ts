import type { AcceptsOptions, Callable, Castable, HandlesOptions } from './references.ts'
import type { From, SubscribeOptions } from './subscription.ts'

// The type of a stage's reference is computed from the types of its callbacks.

/** What the options of a dispatcher add to a producer's reference: nothing if there are none. */
export type OptionsTrait<Options> = [keyof Options] extends [never] ? unknown : AcceptsOptions<Options>

/** What the annotated options of a `handleSubscribe` add to a consumer's reference. */
export type OwnOptionsTrait<Own> = [Exclude<keyof Own, keyof SubscribeOptions>] extends [never]
  ? unknown
  : HandlesOptions<{ [Key in keyof Own as Exclude<Key, keyof SubscribeOptions>]: Own[Key] }>

/** What `handleCall` and `handleCast` add to a stage's reference: `call` and `cast`, or nothing. */
export type Api<Calls, Casts> = ([keyof Calls] extends [never]
  ? unknown
  : Callable<{ [Kind in keyof Calls]: (...request: RequestOf<Calls[Kind]>) => ReplyOf<Calls[Kind]> }>) &
  ([keyof Casts] extends [never]
    ? unknown
    : Castable<{ [Kind in keyof Casts]: (...request: RequestOf<Casts[Kind]>) => void }>)

/** The request of a handler as a list of arguments; empty if it has no parameter. */
type RequestOf<Handler> = Handler extends (...args: infer Args) => unknown
  ? Args extends []
    ? []
    : Args extends [infer Request, ...unknown[]]
      ? [request: Request]
      : Args
  : never

/** The reply of a handler: the `reply` that it returns, or else what it passes to `from.reply`. */
type ReplyOf<Handler> = Handler extends (request: never, from: From<infer Owed>) => infer Result
  ? Awaited<Result> extends infer Now
    ? Now extends { readonly reply: infer Reply }
      ? Awaited<Reply>
      : unknown extends Owed
        ? never
        : Owed
    : never
  : never
