import type { Rule } from '../project-file.ts'

/** Files that a rule must refuse or let pass: path and text. */
export type Planted = Readonly<Record<string, string>>

/** A rule with what it must notice. */
export interface House {
  /** What holds in this project, as a sentence. */
  readonly title: string
  readonly rule: Rule
  /** Each breaks the rule once; the message must hold the text given beside it. */
  readonly refused: readonly { readonly files: Planted; readonly message: string }[]
  /** Breaks nothing, though it comes close. */
  readonly allowed: Planted
}

/** A `package.json` with these fields. */
export const manifest = (fields: object): Planted => ({ 'package.json': JSON.stringify(fields) })

/** So many lines of code. */
export const linesOfStatements = (count: number): string => 'x += 1\n'.repeat(count)
