/** The platform's `AbortSignal`, or the part of it that is used here if the platform's types do not have one. */
export type AbortSignalLike = typeof globalThis extends {
  AbortSignal: { prototype: infer Signal extends object }
}
  ? Signal
  : MinimalAbortSignal

/** The part of an `AbortSignal` that this library relies on. */
interface MinimalAbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
