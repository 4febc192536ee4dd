/** A user-defined callback, whatever its types are. */
export type Callback = (this: unknown, ...args: unknown[]) => unknown

/** The callbacks of a stage, read once after its setup function has returned them. */
export interface CallbackTable {
  readonly handleDemand?: Callback
  readonly handleEvents?: Callback
  readonly handleSubscribe: Callback | undefined
  readonly handleCancel: Callback | undefined
  readonly handleEnd: Callback | undefined
  readonly handleInfo: Callback | undefined
  readonly formatDiscarded?: Callback | undefined
  readonly terminate: Callback | undefined
  readonly inspect: Callback | undefined
  readonly handleCall: object | undefined
  readonly handleCast: object | undefined
}
