import { type OptionTable, optionTable } from '../../base/options/option-table.ts'
import { anything, oneOf } from '../../base/options/option-type.ts'

/** The options of a start. */
export const startOptions: OptionTable<{
  readonly name: unknown
  readonly runtime: unknown
  readonly context: 'capture' | undefined
}> = optionTable({
  name: { type: anything(), text: 'The name of the process: a string, or a token made by `named`.' },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to run in.' },
  context: {
    type: oneOf('capture'),
    absent: "the runtime's own",
    text: "The async context that callbacks run in; `'capture'` is the context of the caller of the start.",
  },
})
