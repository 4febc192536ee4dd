import { matching, type OptionType } from '../base/options/option-type.ts'
import type { Dispatcher } from './dispatcher.ts'

/** An option that is a dispatcher: any object that has the methods of one. */
export const dispatcherType: OptionType<Dispatcher<unknown, unknown>> = matching(
  'a dispatcher, as demandDispatcher() makes it',
  isDispatcher,
)

function isDispatcher(value: unknown): value is Dispatcher<unknown, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const methods = value as Record<string, unknown>
  return ['subscribe', 'ask', 'cancel', 'dispatch'].every((name) => typeof methods[name] === 'function')
}
