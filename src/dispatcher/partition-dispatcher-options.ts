import { type OptionTable, optionTable } from '../base/options/option-table.ts'
import { callback, matching } from '../base/options/option-type.ts'

/** The name of a partition. */
export type PartitionName = string | number

/** Returns what to send, and to which partition; or `'none'` to discard the event. */
export type Hash<Event> = (event: Event) => readonly [event: Event, partition: PartitionName] | 'none'

/** More than any program needs; a typo with too many zeros should not use up the memory. */
const mostPartitions = 100_000

/** The options of `partitionDispatcher`. */
export const partitionDispatcherOptions: OptionTable<{
  readonly partitions: number | readonly PartitionName[]
  readonly hash: Hash<unknown> | undefined
}> = optionTable({
  partitions: {
    type: matching<number | readonly PartitionName[]>(
      'a number of partitions from 1 to 100000, or a list of as many names',
      (value) => typeof value === 'number' || (Array.isArray(value) && value.every((name) => isName(name))),
      (value) => (typeof value === 'number' ? isCount(value) : isCount(value.length)),
    ),
    required: true,
    text: 'The number of partitions, which are then named 0, 1, 2 and so on; or their names: strings or numbers.',
  },
  hash: {
    type: callback<Hash<unknown>>(),
    text:
      "Returns `[event, partition]`: what to send, and where to; or `'none'` to discard the event. Required if the " +
      'partitions have custom names.',
    absent: '`partitionHash` of the event',
  },
})

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostPartitions
}

function isName(value: unknown): value is PartitionName {
  return typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value))
}
