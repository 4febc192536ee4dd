import type { AcceptsOptions, Callable, Castable, HandlesOptions } from './references.ts'
import type { From, SubscribeOptions } from './subscription.ts'

// How the types of a stage's callbacks become the type of its reference.

/** What a dispatcher's options add to a producer's reference: nothing, if it has none. */
export type OptionsTrait<Options> = [keyof Options] extends [never] ? unknown : AcceptsOptions<Options>

/** What the options that a `handleSubscribe` is annotated with add to a consumer's reference. */
export type OwnOptionsTrait<Own> = [Exclude<keyof Own, keyof SubscribeOptions>] extends [never]
  ? unknown
  : HandlesOptions<{ [Key in keyof Own as Exclude<Key, keyof SubscribeOptions>]: Own[Key] }>

/** What the tables `handleCall` and `handleCast` add to a stage's reference: `call` and `cast`, or nothing. */
export type Api<Calls, Casts> = ([keyof Calls] extends [never]
  ? unknown
  : Callable<{ [Kind in keyof Calls]: (...request: RequestOf<Calls[Kind]>) => ReplyOf<Calls[Kind]> }>) &
  ([keyof Casts] extends [never]
    ? unknown
    : Castable<{ [Kind in keyof Casts]: (...request: RequestOf<Casts[Kind]>) => void }>)

/** A handler's request as a list of arguments; empty where it takes none. */
type RequestOf<Handler> = Handler extends (...args: infer Args) => unknown
  ? Args extends []
    ? []
    : Args extends [infer Request, ...unknown[]]
      ? [request: Request]
      : Args
  : never

/** A handler's reply: what it answers as `reply`; what it owes by `from` where it answers none. */
type ReplyOf<Handler> = Handler extends (request: never, from: From<infer Owed>) => infer Result
  ? Awaited<Result> extends infer Now
    ? Now extends { readonly reply: infer Reply }
      ? Awaited<Reply>
      : unknown extends Owed
        ? never
        : Owed
    : never
  : never
