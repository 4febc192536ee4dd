import type { Finding } from './finding.ts'
import type { View } from './view.ts'

/** What one of the doctor's rules has found. */
export interface Diagnosis extends Finding {
  /**
   * The id of the stage from which its cause is looked for, downstream: events wait because somebody further down does
   * not take them. Default: `stage`.
   */
  readonly anchor?: string
  /**
   * What another finding, at the anchor or further down, says of this one where that is its cause; undefined where it
   * says enough already.
   */
  readonly asConsequence?: Consequence
}

/** What a finding gains from another that follows from it. */
interface Consequence {
  readonly text: string
  readonly evidence: Finding['evidence']
  /** The least severity that the whole then has. */
  readonly severity: Finding['severity']
}

/** One of the doctor's rules. */
export type DiagnosisRule = (view: View) => readonly Diagnosis[]
