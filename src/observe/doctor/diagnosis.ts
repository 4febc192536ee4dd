import type { Finding } from './finding.ts'
import type { View } from './view.ts'

/** A finding of one rule, with what relates it to the findings of others. */
export interface Diagnosis extends Finding {
  /** The id of the stage from which the search for its cause starts, downstream. Default: `stage`. */
  readonly anchor?: string
  /**
   * What the finding that is its cause, at the anchor or further downstream, gains from this one; undefined where it
   * gains nothing.
   */
  readonly asConsequence?: Consequence
}

/** What a finding gains from another one that it causes. */
interface Consequence {
  readonly text: string
  readonly evidence: Finding['evidence']
  /** The least severity of both together. */
  readonly severity: Finding['severity']
}

/** A rule of the doctor. */
export type DiagnosisRule = (view: View) => readonly Diagnosis[]
