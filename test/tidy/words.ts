/** A word that this project does not use, and what it uses in its place. */
export interface Word {
  /** What is refused, case not counted, without groups that capture; a word's boundaries are part of it. */
  readonly pattern: string
  readonly instead: string
}

const end = String.raw`(?=\s*(?:[.,;:)\]'"\`*|]|$))`
const people =
  'users?|readers?|people|persons?|authors?|anyone|someone|programmers?|developers?|operators?|maintainers?|contributors?'

/** The words that are refused; `docs/style.md` has the same table for readers. */
export const words: readonly Word[] = [
  // What a function does.
  {
    pattern: String.raw`\b(?:un)?answer(?:s|ed|ing|able)?\b`,
    instead: 'returns, the result; of a call: replies, the reply; of a server: responds',
  },
  {
    pattern: String.raw`\b(?:tells?|told|telling|retold|untold)\b`,
    instead: 'reports, notifies, is notified; tell apart: distinguish',
  },
  { pattern: String.raw`\b(?:hears?|heard|hearing|unheard)\b`, instead: 'receives, is notified of' },
  { pattern: String.raw`\b(?:says?|saying|said)\b`, instead: 'reports, states, shows, specifies, logs' },
  // Who does it. An HTTP client or a reader is a person or a thing with a name; so is a process.
  {
    pattern: String.raw`\b(?:who(?:so)?ever|whomever|(?:some|no|any|every)body(?:['’]s)?)\b`,
    instead: 'the caller, a subscriber, another process, all of them; no subscriber, unhandled',
  },
  {
    pattern: String.raw`(?<!\b(?:${people})(?:,|\s)\s*(?:\*\s*)?)\bwhom?\b`,
    instead: 'the process that, which subscriber; "who" only after a word for people',
  },
  // How things end.
  { pattern: String.raw`\bin\s+good\s+order\b|\b(?:dis)?orderly\b`, instead: 'cleanly; a clean exit' },
  {
    pattern: String.raw`(?<!\b410\s)\bgone\b(?!\s+wrong\b)`,
    instead: 'has exited, has unsubscribed, has been cancelled, no longer exists',
  },
  { pattern: String.raw`\b(?:is|are|was|were|be)\s+no\s+more${end}`, instead: 'no longer exists, has ended' },
  {
    pattern: String.raw`\b(?:consumer|producer|subscriber|stage|process|child|client)s?\s+(?:(?:that|which)\s+)?(?:(?:has|have|had)\s+)?left\b`,
    instead: 'has exited, has unsubscribed, has been cancelled',
  },
  // Where events are.
  {
    pattern: String.raw`\bin\s+(?:its|their|his|her|your|our|the|one['’]s|dead)\s+hands?\b|\bin\s+hands?\b`,
    instead: 'being handled; under the control of',
  },
  {
    pattern: String.raw`(?<!\b(?:fall|falls|fell|fallen|falling|lag|lags|lagging|lagged|leave|leaves|left|leaving|stay|stays)\s(?:\w+\s){0,2})\bbehind\b(?!\s+(?:(?:a|an|the|its|your)\s+)?(?:reverse\s+)?(?:prox|load|firewall|gateway|scenes|router|tunnel))`,
    instead: 'after, queued after, downstream; where it means a cause: of, under',
  },
  { pattern: String.raw`\bunder\s*way\b`, instead: 'in flight, running, being handled' },
  // When.
  { pattern: String.raw`\banew\b`, instead: 'again' },
  { pattern: String.raw`\bfor\s+ever\b`, instead: 'forever' },
  { pattern: String.raw`\bmeanwhile\b`, instead: 'in the meantime, while it runs' },
  { pattern: String.raw`\bat\s+last\b`, instead: 'finally, in the end' },
  // Whose.
  {
    pattern: String.raw`\bof\s+(?:one|(?:the|a)\s+user)['’]s\s+own\b|\bof\s+the\s+user['’]s(?:${end}|(?=\s+(?:may|is|are|was|has|and|or|that|which|can|in)\b))`,
    instead: 'custom, user-defined, its own',
  },
  // How errors travel.
  { pattern: String.raw`\b(?:comes?|came|coming)\s+up\b`, instead: 'starts; is reported as uncaught' },
  {
    pattern: String.raw`\b(?:surfaces|surfaced|surfacing)\b|\b(?:to|will|would|may|must|not|can|should)\s+surface\b`,
    instead: 'is reported as uncaught',
  },
  { pattern: String.raw`\b(?:for)?borne\b`, instead: 'is allowed' },
  // Things.
  { pattern: String.raw`\bset-ups?\b`, instead: 'setup function' },
  {
    pattern: String.raw`\band\s+(?:it|they)\s+(?:is|was|are|were|has|have|did|does|do)\s+not${end}`,
    instead: 'the verb in the past tense, a colon, and the cause: "call \'size\' timed out after 5 ms"',
  },
  {
    pattern: String.raw`\b(?:a|an|no|the)\s+\w+\s+(?:that\s+|which\s+)?(?:it|they)\s+(?:has|have)\s+not${end}`,
    instead: 'the cause by its name: "unknown subscription"',
  },
]

/** Parts of the name of an exported thing that are refused, with what such names hold instead. */
export const stems: Readonly<Record<string, string>> = {
  answer: 'result, or reply for a call',
  answers: 'results, or callable',
  answered: 'replied, or returned',
  unanswered: 'unmet, or pending',
  tell: 'report, notify, or emit',
  tells: 'reports',
  told: 'reported, or notified',
  say: 'report',
  says: 'reports',
  hear: 'receive, or listen',
  hears: 'hasListener',
  heard: 'timed, or received',
  whoever: 'the name of the process',
  somebody: 'the name of the process',
  nobody: 'no, and the name of the thing',
  anybody: 'any, and the name of the thing',
  orderly: 'clean',
  gone: 'exited, or cancelled',
  behind: 'queued, or backlog',
  anew: 'again',
  meanwhile: 'while, and what happens then',
  surface: 'reportUncaught',
  surfaces: 'reportsUncaught',
  surfaced: 'reported',
  borne: 'allowed',
}
