import { type OptionTable, optionTable } from '../../base/option-table.ts'
import { anything, oneOf } from '../../base/option-type.ts'

/** How a process is started. */
export const startOptions: OptionTable<{
  readonly name: unknown
  readonly runtime: unknown
  readonly context: 'capture' | undefined
}> = optionTable({
  name: { type: anything(), text: 'The name to be found under: a string, or a token made by `named`.' },
  runtime: { type: anything(), absent: "the program's own", text: 'The runtime to run in.' },
  context: {
    type: oneOf('capture'),
    absent: "the runtime's own",
    text: "The async context that callbacks run in; `'capture'` is that of whoever starts the process.",
  },
})
